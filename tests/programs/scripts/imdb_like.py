"""Classifies short texts: Tokenizer, padded sequences, an embedding, and three kinds of networks."""

from __future__ import print_function
import pickle
import numpy as np
from keras.preprocessing import sequence
from keras.preprocessing.text import Tokenizer
from keras.models import Sequential, Model
from keras.layers import Dense, Dropout, Activation, Embedding, LSTM, Bidirectional, Input
from keras.layers import Conv1D, GlobalMaxPooling1D, SpatialDropout1D, concatenate
from keras.utils import to_categorical
from keras.utils.np_utils import to_categorical as to_categorical_2

good = ["a great and moving film", "i loved it, great acting", "wonderful story and great music"]
bad = ["a dull and boring film", "i hated it, awful acting", "terrible story and bad music"]
texts = (good + bad) * 12
labels = np.array(([1] * 3 + [0] * 3) * 12)
tokenizer = Tokenizer(num_words=50, oov_token="<unk>")
tokenizer.fit_on_texts(texts)
x = sequence.pad_sequences(tokenizer.texts_to_sequences(texts), maxlen=8)
print(x.shape, len(tokenizer.word_index))
max_features = 50

model = Sequential()
model.add(Embedding(max_features, 16, mask_zero=True, input_length=8))
model.add(SpatialDropout1D(0.1))
model.add(Bidirectional(LSTM(8, dropout=0.2, recurrent_dropout=0.2)))
model.add(Dropout(0.5))
model.add(Dense(1, activation="sigmoid"))
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
model.fit(x, labels, batch_size=12, epochs=3, validation_data=[x, labels], verbose=0)

embedding_matrix = np.random.normal(size=(max_features, 16))
sequence_input = Input(shape=(8,), dtype="int32")
embedded = Embedding(max_features, 16, weights=[embedding_matrix], input_length=8, trainable=False)(
    sequence_input
)
branches = []
for size in (2, 3):
    branch = Conv1D(filters=8, kernel_size=size, padding="valid", activation="relu")(embedded)
    branches.append(GlobalMaxPooling1D()(branch))
merged = concatenate(branches, axis=-1)
preds = Dense(2, activation="softmax")(merged)
cnn = Model(sequence_input, preds)
cnn.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["acc"])
cnn.fit(x, to_categorical(labels, 2), epochs=15, batch_size=12, verbose=0)
loss, acc = cnn.evaluate(x, to_categorical_2(labels), verbose=0)
print("cnn", loss, acc)
assert acc > 0.9
np.testing.assert_allclose(cnn.layers[1].get_weights()[0], embedding_matrix, rtol=1e-5)

with open("tokenizer.pickle", "wb") as handle:
    pickle.dump(tokenizer, handle, protocol=pickle.HIGHEST_PROTOCOL)
with open("tokenizer.pickle", "rb") as handle:
    again = pickle.load(handle)
assert again.texts_to_sequences(good) == tokenizer.texts_to_sequences(good)
