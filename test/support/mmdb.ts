// Makes small databases of MaxMind's format (maxmind.github.io/MaxMind-DB): a tree of bits, then values without
// sharing.

/** A Buffer is a value that is encoded already. */
type Value = string | number | Buffer | { readonly [key: string]: Value } | readonly Value[]

/** A database; records by network, such as `192.0.2.0/24`. In one of version 6 IPv4 stands at `::/96`. */
export function mmdb(records: { readonly [network: string]: Value }, type: string, version: 4 | 6): Buffer {
  const nodes: [Link, Link][] = [[null, null]]
  const data: Buffer[] = []
  let size = 0
  for (const [network, record] of Object.entries(records)) {
    const bytes = encode(record)
    insert(nodes, bitsOf(network, version), { at: size })
    data.push(bytes)
    size += bytes.length
  }
  const tree = Buffer.alloc(nodes.length * 6)
  for (const [i, links] of nodes.entries()) {
    for (const [side, link] of links.entries()) {
      const value = link === null ? nodes.length : typeof link === 'number' ? link : nodes.length + 16 + link.at
      tree.writeUIntBE(value, i * 6 + side * 3, 3)
    }
  }
  const metadata = encode({
    node_count: nodes.length, record_size: unsigned(16, 24), ip_version: unsigned(16, version), database_type: type,
    languages: ['en'], binary_format_major_version: unsigned(16, 2), binary_format_minor_version: unsigned(16, 0),
    build_epoch: unsigned(64, 1), description: { en: 'made for a test' },
  })
  return Buffer.concat([tree, Buffer.alloc(16), ...data, Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'), metadata])
}

/** Nothing, another node, or a record. */
type Link = null | number | { at: number }

function insert(nodes: [Link, Link][], bits: readonly number[], record: Link): void {
  let at = 0
  for (const bit of bits.slice(0, -1)) {
    if (typeof nodes[at][bit] !== 'number') nodes[at][bit] = nodes.push([null, null]) - 1
    at = nodes[at][bit] as number
  }
  nodes[at][bits.at(-1)!] = record
}

function bitsOf(network: string, version: 4 | 6): number[] {
  const [address, length] = network.split('/')
  const v4 = !address.includes(':')
  const bytes = v4 ? address.split('.').map(Number) : bytesOf6(address)
  const bits = bytes.flatMap((byte) => [7, 6, 5, 4, 3, 2, 1, 0].map((bit) => (byte >> bit) & 1)).slice(0, Number(length))
  return v4 && version === 6 ? [...new Array<number>(96).fill(0), ...bits] : bits
}

function bytesOf6(address: string): number[] {
  const [before, after = ''] = address.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':'))
  const zeros = new Array<string>(8 - groups(before).length - groups(after).length).fill('0')
  return [...groups(before), ...zeros, ...groups(after)].flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 255])
}

/** Types of the format: 2 text, 3 double, 5, 6 and 9 unsigned integers, 7 map, 11 array. */
function encode(value: Value): Buffer {
  if (Buffer.isBuffer(value)) return value
  if (typeof value === 'string') return Buffer.concat([head(2, Buffer.byteLength(value)), Buffer.from(value)])
  if (typeof value === 'number') {
    if (Number.isInteger(value)) return unsigned(32, value)
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleBE(value)
    return Buffer.concat([head(3, bytes.length), bytes])
  }
  if (Array.isArray(value)) return Buffer.concat([head(11, value.length), ...(value as readonly Value[]).map(encode)])
  const entries = Object.entries(value)
  return Buffer.concat([head(7, entries.length), ...entries.flatMap(([key, item]) => [encode(key), encode(item)])])
}

function unsigned(bits: 16 | 32 | 64, value: number): Buffer {
  const bytes = Buffer.alloc(bits / 8)
  bytes.writeUIntBE(value, Math.max(0, bytes.length - 4), Math.min(4, bytes.length))
  return Buffer.concat([head(bits === 16 ? 5 : bits === 32 ? 6 : 9, bytes.length), bytes])
}

function head(type: number, size: number): Buffer {
  const length = size < 29 ? size : 29
  const first = type > 7 ? [length, type - 7] : [(type << 5) | length]
  return Buffer.from(size < 29 ? first : [...first, size - 29])
}
