// Makes small databases of MaxMind's format (maxmind.github.io/MaxMind-DB): a tree of bits, then values without sharing.

type Value = string | number | { readonly [key: string]: Value } | readonly Value[]

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
    node_count: nodes.length, record_size: 24, ip_version: version, database_type: type, languages: ['en'],
    binary_format_major_version: 2, binary_format_minor_version: 0, build_epoch: 1, description: { en: 'made for a test' },
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

/** Types of the format: 2 text, 3 double, 6 unsigned 32-bit, 7 map, 11 array. */
function encode(value: Value): Buffer {
  if (typeof value === 'string') return Buffer.concat([head(2, Buffer.byteLength(value)), Buffer.from(value)])
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(Number.isInteger(value) ? 4 : 8)
    if (!Number.isInteger(value)) bytes.writeDoubleBE(value)
    else bytes.writeUInt32BE(value)
    return Buffer.concat([head(Number.isInteger(value) ? 6 : 3, bytes.length), bytes])
  }
  if (Array.isArray(value)) return Buffer.concat([head(11, value.length), ...(value as readonly Value[]).map(encode)])
  const entries = Object.entries(value)
  return Buffer.concat([head(7, entries.length), ...entries.flatMap(([key, item]) => [encode(key), encode(item)])])
}

function head(type: number, size: number): Buffer {
  const length = size < 29 ? size : 29
  const first = type > 7 ? [length, type - 7] : [(type << 5) | length]
  return Buffer.from(size < 29 ? first : [...first, size - 29])
}
