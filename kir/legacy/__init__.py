"""What Keras 1 programs say: the names that arguments had, and layers that Keras 2 dropped."""
