"""Trains a small CNN on images in folders, with augmentation, as the "dogs and cats" tutorials did."""

from __future__ import print_function
import os
import numpy as np
from PIL import Image
from keras.preprocessing.image import ImageDataGenerator, img_to_array, load_img
from keras.models import Sequential, load_model
from keras.layers import Conv2D, MaxPooling2D
from keras.layers import Activation, Dropout, Flatten, Dense
from keras.callbacks import ModelCheckpoint, EarlyStopping, ReduceLROnPlateau, CSVLogger
from keras import backend as K

img_width, img_height = 24, 24
nb_train_samples = 32
nb_validation_samples = 16
epochs = 3
batch_size = 8


def write_images(folder, count):
    for label, (name, tint) in enumerate([("cats", (200, 40, 40)), ("dogs", (40, 40, 200))]):
        os.makedirs(os.path.join(folder, name))
        for i in range(count // 2):
            noise = np.random.randint(0, 55, (30, 30, 3))
            pixels = (np.array(tint) + noise).astype("uint8")
            Image.fromarray(pixels).save(os.path.join(folder, name, "%s.%03d.png" % (name, i)))


np.random.seed(7)
write_images("data/train", nb_train_samples)
write_images("data/validation", nb_validation_samples)

if K.image_data_format() == "channels_first":
    input_shape = (3, img_width, img_height)
else:
    input_shape = (img_width, img_height, 3)

model = Sequential()
model.add(Conv2D(8, (3, 3), input_shape=input_shape))
model.add(Activation("relu"))
model.add(MaxPooling2D(pool_size=(2, 2)))
model.add(Conv2D(8, (3, 3)))
model.add(Activation("relu"))
model.add(MaxPooling2D(pool_size=(2, 2)))
model.add(Flatten())
model.add(Dense(16))
model.add(Activation("relu"))
model.add(Dropout(0.5))
model.add(Dense(1))
model.add(Activation("sigmoid"))
model.compile(loss="binary_crossentropy", optimizer="rmsprop", metrics=["accuracy"])

train_datagen = ImageDataGenerator(
    rescale=1.0 / 255, shear_range=0.2, zoom_range=0.2, horizontal_flip=True, rotation_range=15
)
test_datagen = ImageDataGenerator(rescale=1.0 / 255)
train_generator = train_datagen.flow_from_directory(
    "data/train", target_size=(img_width, img_height), batch_size=batch_size, class_mode="binary"
)
validation_generator = test_datagen.flow_from_directory(
    "data/validation",
    target_size=(img_width, img_height),
    batch_size=batch_size,
    class_mode="binary",
)
callbacks = [
    ModelCheckpoint("best.h5", monitor="val_loss", save_best_only=True, verbose=1),
    EarlyStopping(monitor="val_loss", patience=10),
    ReduceLROnPlateau(factor=0.2, patience=5, min_lr=0.001),
    CSVLogger("log.csv"),
]
history = model.fit_generator(
    train_generator,
    steps_per_epoch=nb_train_samples // batch_size,
    epochs=epochs,
    validation_data=validation_generator,
    validation_steps=nb_validation_samples // batch_size,
    callbacks=callbacks,
    verbose=2,
)

print(sorted(history.history))
assert train_generator.class_indices == {"cats": 0, "dogs": 1}
assert train_generator.samples == nb_train_samples
model.save_weights("first_try.h5")
best = load_model("best.h5")
score = best.evaluate_generator(validation_generator, steps=2)
print("validation", dict(zip(best.metrics_names, score)))
img = load_img("data/validation/cats/cats.000.png", target_size=(img_width, img_height))
x = img_to_array(img)[np.newaxis] / 255.0
print("class", model.predict_classes(x), model.predict_proba(x).shape)
assert score[1] > 0.8, score
assert len(open("log.csv").readlines()) == epochs + 1
