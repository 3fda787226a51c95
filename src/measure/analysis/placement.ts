import type { Track } from '../protocol/track.ts'
import type { Placement } from '../result.ts'

type Device = 'cpu' | 'gpu' | 'neuralEngine' | 'unknown'

const devices: readonly Device[] = ['cpu', 'gpu', 'neuralEngine', 'unknown']

/** Shares of ops and of estimated cost by planned device. */
export function summarizePlacement(plan: Track['plan']): Placement {
  if ('unavailable' in plan) return plan
  if (plan.length === 0) return { unavailable: 'the plan names no op' }
  const costs = plan.map(({ cost }) => (typeof cost === 'number' ? cost : null))
  const totalCost = costs.reduce<number>((sum, cost) => sum + (cost ?? 0), 0)
  const share = (weight: (index: number) => number, total: number) =>
    Object.fromEntries(
      devices.map((device) => [
        device,
        plan.reduce((sum, operation, index) => sum + (operation.preferred === device ? weight(index) : 0), 0) / total,
      ]),
    ) as Record<Device, number>
  return {
    operations: share(() => 1, plan.length),
    cost: totalCost > 0 ? share((index) => costs[index] ?? 0, totalCost) : { unavailable: 'the plan estimates no cost for any op' },
    perOperation: plan.map(({ name, operator, preferred, supported }, index) => ({
      name,
      operator,
      preferred,
      supported,
      cost: costs[index] ?? null,
    })),
  }
}
