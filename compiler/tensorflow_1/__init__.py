"""TensorFlow 1's names, for programs that say `import tensorflow as tf` beside `import keras`.

A symbolic value of kir's stands for a tensor of the graph: what TensorFlow's own functions are
applied to is recorded (`compiler.dispatch`), a placeholder, a variable and a session are those of
`K`. What is left of TensorFlow 1 in `tf.compat.v1` is taken from there.
"""

from compiler.tensorflow_1.lookup import find as find
