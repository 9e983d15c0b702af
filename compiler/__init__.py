"""The compiler: a `kir` graph in, TensorFlow functions out.

It holds no data, no training loop and no file. Importing this package is cheap: TensorFlow is
loaded by `compiler.tensorflow`, which every module that computes imports.
"""
