// entropy: the kernel's pool of randomness, random(4).

import { type Collector, must, numberIn } from './collector.js'

export const entropy: Collector = {
  name: 'entropy',
  collect(host, out) {
    const available = must(host.proc('sys/kernel/random/entropy_avail'), 'entropy_avail')
    out.gauge('node_entropy_available_bits', 'Bits of available entropy.', numberIn(available))
    const size = host.proc('sys/kernel/random/poolsize')
    if (size !== undefined) out.gauge('node_entropy_pool_size_bits', 'Bits of entropy pool.', numberIn(size))
  },
}
