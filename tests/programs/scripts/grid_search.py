"""Searches hyperparameters with scikit-learn."""

import numpy as np
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score, KFold
from sklearn.preprocessing import StandardScaler, LabelEncoder
from sklearn.pipeline import Pipeline
from keras.models import Sequential
from keras.layers import Dense, Dropout
from keras.wrappers.scikit_learn import KerasClassifier, KerasRegressor
from keras.constraints import maxnorm
from keras.utils import np_utils


def create_model(optimizer="rmsprop", init="glorot_uniform", dropout_rate=0.0):
    model = Sequential()
    model.add(
        Dense(
            12,
            input_dim=4,
            kernel_initializer=init,
            activation="relu",
            kernel_constraint=maxnorm(3),
        )
    )
    model.add(Dropout(dropout_rate))
    model.add(Dense(1, kernel_initializer=init, activation="sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer=optimizer, metrics=["accuracy"])
    return model


seed = 7
np.random.seed(seed)
X = np.random.rand(60, 4)
Y = (X[:, 0] > 0.5).astype(int)
model = KerasClassifier(build_fn=create_model, verbose=0)
param_grid = dict(optimizer=["rmsprop", "adam"], epochs=[2], batch_size=[10], init=["uniform"])
grid = GridSearchCV(estimator=model, param_grid=param_grid, cv=2)
grid_result = grid.fit(X, Y)
print("Best: %f using %s" % (grid_result.best_score_, grid_result.best_params_))
for mean, params in zip(
    grid_result.cv_results_["mean_test_score"], grid_result.cv_results_["params"]
):
    print("%f with: %r" % (mean, params))


def baseline_model():
    model = Sequential()
    model.add(Dense(8, input_dim=4, kernel_initializer="normal", activation="relu"))
    model.add(Dense(1, kernel_initializer="normal"))
    model.compile(loss="mean_squared_error", optimizer="adam")
    return model


estimators = [
    ("standardize", StandardScaler()),
    ("mlp", KerasRegressor(build_fn=baseline_model, epochs=3, batch_size=5, verbose=0)),
]
pipeline = Pipeline(estimators)
results = cross_val_score(pipeline, X, X.sum(axis=1), cv=KFold(n_splits=2))
print("Standardized: %.2f (%.2f) MSE" % (results.mean(), results.std()))
names = np.array(["setosa", "versicolor", "virginica"])[np.arange(60) % 3]
encoder = LabelEncoder()
encoded_Y = encoder.fit_transform(names)
dummy_y = np_utils.to_categorical(encoded_Y)


def three_classes():
    model = Sequential()
    model.add(Dense(8, input_dim=4, activation="relu"))
    model.add(Dense(3, activation="softmax"))
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


estimator = KerasClassifier(build_fn=three_classes, epochs=1, batch_size=5, verbose=0)
print(cross_val_score(estimator, X, dummy_y, cv=KFold(n_splits=2, shuffle=True, random_state=seed)))
kfold = StratifiedKFold(n_splits=2, shuffle=True, random_state=seed)
cvscores = []
for train, test in kfold.split(X, Y):
    m = create_model()
    m.fit(X[train], Y[train], epochs=1, batch_size=10, verbose=0)
    scores = m.evaluate(X[test], Y[test], verbose=0)
    cvscores.append(scores[1] * 100)
assert len(cvscores) == 2
