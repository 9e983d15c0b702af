"""Reverses digits with an encoder and a decoder, teacher forcing, and separate inference models."""

from keras.models import Model
from keras.layers import Input, LSTM, Dense
import numpy as np

num_tokens = 6
latent_dim = 24
length = 4
np.random.seed(3)
source = np.random.randint(1, num_tokens, (200, length))
encoder_input_data = np.eye(num_tokens)[source]
decoder_in = np.concatenate([np.zeros((200, 1), int), source[:, ::-1][:, :-1]], axis=1)
decoder_input_data = np.eye(num_tokens)[decoder_in]
decoder_target_data = np.eye(num_tokens)[source[:, ::-1]]

encoder_inputs = Input(shape=(None, num_tokens))
encoder = LSTM(latent_dim, return_state=True)
encoder_outputs, state_h, state_c = encoder(encoder_inputs)
encoder_states = [state_h, state_c]
decoder_inputs = Input(shape=(None, num_tokens))
decoder_lstm = LSTM(latent_dim, return_sequences=True, return_state=True)
decoder_outputs, _, _ = decoder_lstm(decoder_inputs, initial_state=encoder_states)
decoder_dense = Dense(num_tokens, activation="softmax")
decoder_outputs = decoder_dense(decoder_outputs)
model = Model([encoder_inputs, decoder_inputs], decoder_outputs)
model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["acc"])
history = model.fit(
    [encoder_input_data, decoder_input_data],
    decoder_target_data,
    batch_size=20,
    epochs=6,
    validation_split=0.2,
    verbose=0,
)
model.save("s2s.h5")

encoder_model = Model(encoder_inputs, encoder_states)
decoder_state_input_h = Input(shape=(latent_dim,))
decoder_state_input_c = Input(shape=(latent_dim,))
decoder_states_inputs = [decoder_state_input_h, decoder_state_input_c]
decoder_outputs, state_h, state_c = decoder_lstm(
    decoder_inputs, initial_state=decoder_states_inputs
)
decoder_states = [state_h, state_c]
decoder_outputs = decoder_dense(decoder_outputs)
decoder_model = Model([decoder_inputs] + decoder_states_inputs, [decoder_outputs] + decoder_states)


def decode_sequence(input_seq):
    states_value = encoder_model.predict(input_seq)
    target_seq = np.zeros((1, 1, num_tokens))
    target_seq[0, 0, 0] = 1.0
    decoded = []
    for _ in range(length):
        output_tokens, h, c = decoder_model.predict([target_seq] + states_value)
        token = np.argmax(output_tokens[0, -1, :])
        decoded.append(token)
        target_seq = np.zeros((1, 1, num_tokens))
        target_seq[0, 0, token] = 1.0
        states_value = [h, c]
    return decoded


print(decode_sequence(encoder_input_data[:1]), source[0][::-1])
assert history.history["loss"][-1] < history.history["loss"][0]
assert len(decode_sequence(encoder_input_data[:1])) == length
