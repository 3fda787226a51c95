/** What takes a while to load, by key. Of more than `most` those that were not used for longest are discarded. */
export class RecentlyUsed<Value> {
  readonly #most: number
  readonly #discard: (value: Value) => Promise<unknown>
  readonly #loads = new Map<string, Promise<Value>>()

  constructor(most: number, discard: (value: Value) => Promise<unknown>) {
    this.#most = most
    this.#discard = discard
  }

  /** Loads what is not there; what failed to load is tried again the next time. */
  get(key: string, load: () => Value | Promise<Value>): Promise<Value> {
    const known = this.#loads.get(key)
    this.#loads.delete(key)
    const loading = known ?? Promise.resolve().then(load)
    this.#loads.set(key, loading)
    if (!known) loading.catch(() => this.#loads.delete(key))
    for (const [oldest, old] of this.#loads) {
      if (this.#loads.size <= this.#most) break
      this.#loads.delete(oldest)
      old.then(this.#discard).catch(() => {})
    }
    return loading
  }

  values(): Promise<Value>[] {
    return [...this.#loads.values()]
  }

  /** Discards all, also what is still loading. */
  async clear(): Promise<void> {
    const all = this.values()
    this.#loads.clear()
    await Promise.all(all.map((loading) => loading.then(this.#discard).catch(() => {})))
  }
}
