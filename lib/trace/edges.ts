// The edges of a service graph that are not complete yet: the spans of both sides are waited for, within bounds.

/** A request between two services, as far as it was seen. */
export interface Edge {
  readonly key: string
  /** Milliseconds of `Clock.monotonic` at which it is waited for no longer. */
  readonly expires: number
  /** Whether the server's span has no parent: a user, or something that sends no spans, called. */
  root: boolean
  client: string | undefined
  server: string | undefined
  type: string
  failed: boolean
  /** Seconds, as seen from each side. */
  clientTime: number | undefined
  serverTime: number | undefined
  /** Service that the client's span says it called. */
  peer: string | undefined
  readonly dimensions: Map<string, string>
}

export class EdgeStore {
  /** The oldest first. */
  readonly #edges = new Map<string, Edge>()

  constructor(
    private readonly ttl: number,
    private readonly maxItems: number,
    private readonly complete: (edge: Edge) => void,
    private readonly expire: (edge: Edge) => void,
  ) {}

  /** Puts what a span says into its edge; false where there is no place for a new one. */
  upsert(key: string, now: number, update: (edge: Edge) => void): boolean {
    const known = this.#edges.get(key)
    const edge = known ?? this.#make(key, now)
    if (known === undefined && this.#edges.size >= this.maxItems) {
      // One that is complete at once needs no place.
      update(edge)
      if (!isComplete(edge)) return false
      this.complete(edge)
      return true
    }
    update(edge)
    if (isComplete(edge)) {
      this.#edges.delete(key)
      this.complete(edge)
    } else if (known === undefined) this.#edges.set(key, edge)
    return true
  }

  #make(key: string, now: number): Edge {
    return {
      key, expires: now + this.ttl, root: false, client: undefined, server: undefined, type: '', failed: false,
      clientTime: undefined, serverTime: undefined, peer: undefined, dimensions: new Map(),
    }
  }

  /** Milliseconds of `Clock.monotonic` at which the oldest one expires; Infinity where none waits. */
  due(): number {
    for (const edge of this.#edges.values()) return edge.expires
    return Infinity
  }

  /** Those that expire until then do so. */
  expireUntil(now: number): void {
    for (const [key, edge] of this.#edges) {
      if (edge.expires > now) return
      this.#edges.delete(key)
      this.expire(edge)
    }
  }
}

function isComplete({ client, server }: Edge): boolean {
  return client !== undefined && server !== undefined
}
