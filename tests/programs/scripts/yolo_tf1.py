"""Object detection with a loss built from TensorFlow functions: boxes, while_loop, boolean_mask, NMS."""

from functools import reduce
import numpy as np
import tensorflow as tf
from keras import backend as K
from keras.layers import Conv2D, Add, ZeroPadding2D, UpSampling2D, Concatenate, MaxPooling2D
from keras.layers import Input, Lambda
from keras.layers.advanced_activations import LeakyReLU
from keras.layers.normalization import BatchNormalization
from keras.models import Model
from keras.optimizers import Adam
from keras.regularizers import l2
from keras.utils.generic_utils import get_custom_objects

config = tf.ConfigProto()
config.gpu_options.allow_growth = True
K.set_session(tf.Session(config=config))


def compose(*funcs):
    return reduce(lambda f, g: lambda *a, **kw: g(f(*a, **kw)), funcs)


def conv_bn_leaky(filters, size):
    return compose(
        Conv2D(filters, size, padding="same", use_bias=False, kernel_regularizer=l2(5e-4)),
        BatchNormalization(),
        LeakyReLU(alpha=0.1),
    )


def body(inputs, num_anchors, num_classes):
    x = compose(
        conv_bn_leaky(8, (3, 3)),
        MaxPooling2D(pool_size=(2, 2)),
        conv_bn_leaky(8, (3, 3)),
        MaxPooling2D(pool_size=(2, 2)),
        conv_bn_leaky(8, (3, 3)),
        MaxPooling2D(pool_size=(2, 2)),
    )(inputs)
    y = Conv2D(num_anchors * (num_classes + 5), (1, 1))(x)
    return Model(inputs, y)


def head(feats, anchors, num_classes, input_shape, calc_loss=False):
    num_anchors = len(anchors)
    anchors_tensor = K.reshape(K.constant(anchors), [1, 1, 1, num_anchors, 2])
    grid_shape = K.shape(feats)[1:3]
    grid_y = K.tile(
        K.reshape(K.arange(0, stop=grid_shape[0]), [-1, 1, 1, 1]), [1, grid_shape[1], 1, 1]
    )
    grid_x = K.tile(
        K.reshape(K.arange(0, stop=grid_shape[1]), [1, -1, 1, 1]), [grid_shape[0], 1, 1, 1]
    )
    grid = K.concatenate([grid_x, grid_y])
    grid = K.cast(grid, K.dtype(feats))
    feats = K.reshape(feats, [-1, grid_shape[0], grid_shape[1], num_anchors, num_classes + 5])
    box_xy = (K.sigmoid(feats[..., :2]) + grid) / K.cast(grid_shape[::-1], K.dtype(feats))
    box_wh = K.exp(feats[..., 2:4]) * anchors_tensor / K.cast(input_shape[::-1], K.dtype(feats))
    box_confidence = K.sigmoid(feats[..., 4:5])
    box_class_probs = K.sigmoid(feats[..., 5:])
    if calc_loss:
        return grid, feats, box_xy, box_wh
    return box_xy, box_wh, box_confidence, box_class_probs


def box_iou(b1, b2):
    b1 = K.expand_dims(b1, -2)
    b1_mins, b1_maxes = b1[..., :2] - b1[..., 2:4] / 2.0, b1[..., :2] + b1[..., 2:4] / 2.0
    b2 = K.expand_dims(b2, 0)
    b2_mins, b2_maxes = b2[..., :2] - b2[..., 2:4] / 2.0, b2[..., :2] + b2[..., 2:4] / 2.0
    intersect_wh = K.maximum(K.minimum(b1_maxes, b2_maxes) - K.maximum(b1_mins, b2_mins), 0.0)
    intersect = intersect_wh[..., 0] * intersect_wh[..., 1]
    return intersect / (b1[..., 2] * b1[..., 3] + b2[..., 2] * b2[..., 3] - intersect)


def detection_loss(args, anchors, num_classes, ignore_thresh=0.5, print_loss=False):
    output, y_true = args
    input_shape = K.cast(K.shape(output)[1:3] * 8, K.dtype(y_true))
    grid_shape = K.cast(K.shape(output)[1:3], K.dtype(y_true))
    m = K.shape(output)[0]
    mf = K.cast(m, K.dtype(output))
    object_mask = y_true[..., 4:5]
    true_class_probs = y_true[..., 5:]
    grid, raw_pred, pred_xy, pred_wh = head(output, anchors, num_classes, input_shape, True)
    pred_box = K.concatenate([pred_xy, pred_wh])
    raw_true_xy = y_true[..., :2] * grid_shape[::-1] - grid
    raw_true_wh = K.log(y_true[..., 2:4] / anchors * input_shape[::-1])
    raw_true_wh = K.switch(object_mask, raw_true_wh, K.zeros_like(raw_true_wh))
    box_loss_scale = 2 - y_true[..., 2:3] * y_true[..., 3:4]
    ignore_mask = tf.TensorArray(K.dtype(y_true), size=1, dynamic_size=True)
    object_mask_bool = K.cast(object_mask, "bool")

    def loop_body(b, ignore_mask):
        true_box = tf.boolean_mask(y_true[b, ..., 0:4], object_mask_bool[b, ..., 0])
        iou = box_iou(pred_box[b], true_box)
        best_iou = K.max(iou, axis=-1)
        ignore_mask = ignore_mask.write(b, K.cast(best_iou < ignore_thresh, K.dtype(true_box)))
        return b + 1, ignore_mask

    _, ignore_mask = K.control_flow_ops.while_loop(
        lambda b, *args: b < m, loop_body, [0, ignore_mask]
    )
    ignore_mask = ignore_mask.stack()
    ignore_mask = K.expand_dims(ignore_mask, -1)
    xy_loss = (
        object_mask
        * box_loss_scale
        * K.binary_crossentropy(raw_true_xy, raw_pred[..., 0:2], from_logits=True)
    )
    wh_loss = object_mask * box_loss_scale * 0.5 * K.square(raw_true_wh - raw_pred[..., 2:4])
    confidence_loss = (
        object_mask * K.binary_crossentropy(object_mask, raw_pred[..., 4:5], from_logits=True)
        + (1 - object_mask)
        * K.binary_crossentropy(object_mask, raw_pred[..., 4:5], from_logits=True)
        * ignore_mask
    )
    class_loss = object_mask * K.binary_crossentropy(
        true_class_probs, raw_pred[..., 5:], from_logits=True
    )
    loss = 0
    for part in (xy_loss, wh_loss, confidence_loss, class_loss):
        loss += K.sum(part) / mf
    if print_loss:
        loss = tf.Print(loss, [loss, K.sum(ignore_mask)], message="loss: ")
    return loss


def detect(output, anchors, num_classes, image_shape, max_boxes=5, score_threshold=0.1):
    xy, wh, confidence, probs = head(output, anchors, num_classes, K.constant([32.0, 32.0]))
    boxes = K.reshape(K.concatenate([xy - wh / 2.0, xy + wh / 2.0]), [-1, 4])
    scores = K.reshape(confidence * probs, [-1, num_classes])
    mask = scores >= score_threshold
    max_boxes_tensor = K.constant(max_boxes, dtype="int32")
    boxes_, scores_ = [], []
    for c in range(num_classes):
        class_boxes = tf.boolean_mask(boxes, mask[:, c])
        class_box_scores = tf.boolean_mask(scores[:, c], mask[:, c])
        nms_index = tf.image.non_max_suppression(
            class_boxes, class_box_scores, max_boxes_tensor, iou_threshold=0.5
        )
        boxes_.append(K.gather(class_boxes, nms_index))
        scores_.append(K.gather(class_box_scores, nms_index))
    return K.concatenate(boxes_, axis=0), K.concatenate(scores_, axis=0)


np.random.seed(0)
anchors = np.array([[8.0, 8.0], [16.0, 12.0]])
num_classes = 2
image_input = Input(shape=(None, None, 3))
y_true = Input(shape=(4, 4, 2, num_classes + 5))
model_body = body(image_input, 2, num_classes)
model_loss = Lambda(
    detection_loss,
    output_shape=(1,),
    name="yolo_loss",
    arguments={"anchors": anchors, "num_classes": num_classes},
)([model_body.output, y_true])
model = Model([model_body.input, y_true], model_loss)
model.compile(optimizer=Adam(lr=1e-2), loss={"yolo_loss": lambda y_true, y_pred: y_pred})


def data_generator(batch_size):
    while True:
        images = np.random.rand(batch_size, 32, 32, 3) * 0.1
        truth = np.zeros((batch_size, 4, 4, 2, num_classes + 5), "float32")
        for b in range(batch_size):
            i, j, c = np.random.randint(0, 4), np.random.randint(0, 4), np.random.randint(0, 2)
            images[b, 8 * i : 8 * i + 8, 8 * j : 8 * j + 8, c] += 0.8
            truth[b, i, j, 0] = [(j + 0.5) / 4, (i + 0.5) / 4, 0.25, 0.25, 1, 1 - c, c]
        yield [images, truth], np.zeros(batch_size)


model.summary()
history = model.fit_generator(data_generator(8), steps_per_epoch=10, epochs=3, verbose=2)
assert history.history["loss"][-1] < history.history["loss"][0] / 2
boxes, scores = detect(model_body.output, anchors, num_classes, (32, 32))
sess = K.get_session()
image = next(data_generator(1))[0][0]
out_boxes, out_scores = sess.run(
    [boxes, scores], feed_dict={model_body.input: image, K.learning_phase(): 0}
)
print(out_boxes.shape, out_scores)
assert out_boxes.shape[1] == 4 and len(out_boxes) == len(out_scores)
sess.close()
