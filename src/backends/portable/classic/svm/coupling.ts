/**
 * Class probabilities from probabilities of pairs, as LIBSVM computes them (Wu, Lin and Weng: Probability estimates for multi-class classification by
 * pairwise coupling, 2004, algorithm 2): minimise Σ (r_ji p_i − r_ij p_j)² over p by fixed-point iteration. The models' probabilities are defined by
 * where this iteration stops, so its tolerance and its limit are part of the meaning.
 *
 * @param pairs r[i·k + j]: probability of class i where only i and j are possible
 */
export function coupleProbabilities(pairs: Float64Array, k: number): Float64Array {
  const q = new Float64Array(k * k)
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < k; j++) {
      if (i === j) continue
      q[i * k + i]! += pairs[j * k + i]! ** 2
      q[i * k + j] = -pairs[j * k + i]! * pairs[i * k + j]!
    }
  }
  const p = new Float64Array(k).fill(1 / k)
  const qp = new Float64Array(k)
  const tolerance = 0.005 / k
  const limit = Math.max(100, k)
  for (let round = 0; round < limit; round++) {
    // Computed anew each round: the updates below would let rounding errors grow.
    let pqp = 0
    for (let i = 0; i < k; i++) {
      let sum = 0
      for (let j = 0; j < k; j++) sum += q[i * k + j]! * p[j]!
      qp[i] = sum
      pqp += p[i]! * sum
    }
    if (qp.every((value) => Math.abs(value - pqp) < tolerance)) break
    for (let i = 0; i < k; i++) {
      const change = (pqp - qp[i]!) / q[i * k + i]!
      p[i]! += change
      pqp = (pqp + change * (change * q[i * k + i]! + 2 * qp[i]!)) / (1 + change) ** 2
      for (let j = 0; j < k; j++) {
        qp[j] = (qp[j]! + change * q[i * k + j]!) / (1 + change)
        p[j]! /= 1 + change
      }
    }
  }
  return p
}
