"""What compressed weights stand for, in numpy, after the formulas of the ops' documentation."""
import numpy as np


def decompress(operation):
    """The dense value of a `constexpr_…` operation."""
    values = {name: variable.val for name, variable in operation.inputs.items() if variable is not None}
    return {
        "constexpr_affine_dequantize": affine,
        "constexpr_lut_to_dense": from_packed_table if "shape" in values else from_table,
        "constexpr_blockwise_shift_scale": blockwise,
    }[operation.op_type](**values)


def affine(quantized_data, zero_point, scale, axis):
    """iOS 16: (data − zero point) · scale, along one axis where these are vectors."""
    along = lambda value: np.reshape(value, [-1 if place == axis else 1 for place in range(quantized_data.ndim)]) if np.ndim(value) else value
    return ((quantized_data.astype(np.float32) - along(zero_point)) * along(scale)).astype(scale.dtype)


def from_packed_table(indices, lut, shape):
    """iOS 16: one table; indices of as few bits as it needs, from the lowest bit of each byte on."""
    bits = int(np.log2(len(lut)))
    count = int(np.prod(shape))
    places = np.unpackbits(indices, bitorder="little")[: count * bits].reshape(count, bits) @ (1 << np.arange(bits))
    return lut[places].reshape(shape)


def from_table(indices, lut):
    """iOS 18: a table [groups along each axis…, entries, 1] for each block of equal size."""
    blocks = np.ix_(*(np.arange(size) // (size // groups) for size, groups in zip(indices.shape, lut.shape)))
    return lut[(*blocks, indices.astype(np.int32), 0)]


def blockwise(data, scale, offset=0):
    """iOS 18: (data − offset) · scale, each of these for a block of equal size."""
    def spread(value):
        for axis, size in enumerate(data.shape if np.ndim(value) else ()):
            value = np.repeat(value, size // value.shape[axis], axis)
        return value

    return ((data.astype(np.float32) - np.asarray(spread(offset), np.float32)) * spread(scale)).astype(scale.dtype)
