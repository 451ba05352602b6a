const scratch = new DataView(new ArrayBuffer(4))

/**
 * The 16 bits of `value` as a half-precision float, or -1 where that width would not keep it exact.
 * `value` is finite, not zero, and exact in single precision.
 */
export function halfBits(value: number): number {
  scratch.setFloat32(0, value)
  const bits = scratch.getUint32(0)
  const sign = (bits >>> 16) & 0x8000
  const exponent = ((bits >>> 23) & 0xff) - 127
  const mantissa = bits & 0x7f_ffff
  if (exponent > 15 || exponent < -24) return -1
  if (exponent >= -14) {
    if ((mantissa & 0x1fff) !== 0) return -1
    return sign | ((exponent + 15) << 10) | (mantissa >>> 13)
  }
  // Subnormal: the leading one becomes explicit and moves to its place below the exponent.
  const whole = mantissa | 0x80_0000
  const shift = -1 - exponent
  if ((whole & ((1 << shift) - 1)) !== 0) return -1
  return sign | (whole >>> shift)
}
