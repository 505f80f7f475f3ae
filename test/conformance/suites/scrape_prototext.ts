// Metric families in protobuf's text form to the delimited bytes that a target sends.

type Value = string | number | Message
type Message = Map<string, Value[]>

/** Field numbers and wire types of io.prometheus.client. */
type Field = readonly [number, 'string' | 'double' | 'varint' | 'zigzag' | 'doubles' | 'zigzags' | Schema]
interface Schema {
  readonly [field: string]: Field
}

const LABEL: Schema = { name: [1, 'string'], value: [2, 'string'] }
const TIMESTAMP: Schema = { seconds: [1, 'varint'], nanos: [2, 'varint'] }
const EXEMPLAR: Schema = { label: [1, LABEL], value: [2, 'double'], timestamp: [3, TIMESTAMP] }
const SPAN: Schema = { offset: [1, 'zigzag'], length: [2, 'varint'] }
const BUCKET: Schema = { cumulative_count: [1, 'varint'], upper_bound: [2, 'double'], exemplar: [3, EXEMPLAR], cumulative_count_float: [4, 'double'] }
const HISTOGRAM: Schema = {
  sample_count: [1, 'varint'], sample_sum: [2, 'double'], bucket: [3, BUCKET], sample_count_float: [4, 'double'],
  schema: [5, 'zigzag'], zero_threshold: [6, 'double'], zero_count: [7, 'varint'], zero_count_float: [8, 'double'],
  negative_span: [9, SPAN], negative_delta: [10, 'zigzags'], negative_count: [11, 'doubles'],
  positive_span: [12, SPAN], positive_delta: [13, 'zigzags'], positive_count: [14, 'doubles'],
  created_timestamp: [15, TIMESTAMP], exemplars: [16, EXEMPLAR],
}
const SUMMARY: Schema = {
  sample_count: [1, 'varint'], sample_sum: [2, 'double'],
  quantile: [3, { quantile: [1, 'double'], value: [2, 'double'] }], created_timestamp: [4, TIMESTAMP],
}
const METRIC: Schema = {
  label: [1, LABEL], gauge: [2, { value: [1, 'double'] }],
  counter: [3, { value: [1, 'double'], exemplar: [2, EXEMPLAR], created_timestamp: [3, TIMESTAMP] }],
  summary: [4, SUMMARY], untyped: [5, { value: [1, 'double'] }], timestamp_ms: [6, 'varint'], histogram: [7, HISTOGRAM],
}
const FAMILY: Schema = { name: [1, 'string'], help: [2, 'string'], type: [3, 'varint'], metric: [4, METRIC], unit: [5, 'string'] }
const ENUM = ['COUNTER', 'GAUGE', 'SUMMARY', 'UNTYPED', 'HISTOGRAM', 'GAUGE_HISTOGRAM']

/** One family, length-delimited. */
export function familyBytes(text: string): Buffer {
  const tokens = [...text.matchAll(/"((?:[^"\\]|\\.)*)"|([A-Za-z_]\w*)\s*:?|([<>{}])|([-+]?[\w.+-]+)/g)]
  const body = encode(message(tokens[Symbol.iterator]()), FAMILY)
  return Buffer.concat([varint(BigInt(body.length)), body])
}

function message(tokens: Iterator<RegExpMatchArray>): Message {
  const fields: Message = new Map()
  for (;;) {
    const name = tokens.next()
    if (name.done === true || name.value[0] === '>' || name.value[0] === '}') return fields
    const token = tokens.next().value as RegExpMatchArray
    const [, quoted, word, brace, number] = token
    let value: Value
    if (brace !== undefined) value = message(tokens)
    else if (quoted !== undefined) value = JSON.parse(`"${quoted}"`) as string
    else value = word !== undefined && ENUM.includes(word) ? ENUM.indexOf(word) : (number ?? word)
    fields.set(name.value[2], [...(fields.get(name.value[2]) ?? []), value])
  }
}

function encode(fields: Message, schema: Schema): Buffer {
  const parts: Buffer[] = []
  for (const [name, values] of fields) {
    const field = schema[name]
    if (field === undefined) throw new Error(`unknown field ${name}`)
    const [number, type] = field
    const key = (wire: number) => varint(BigInt((number << 3) | wire))
    const block = (bytes: Buffer) => parts.push(key(2), varint(BigInt(bytes.length)), bytes)
    if (type === 'zigzags') block(Buffer.concat(values.map((value) => zigzag(value))))
    else if (type === 'doubles') block(Buffer.concat(values.map(double)))
    else {
      for (const value of values) {
        if (type === 'string') block(Buffer.from(value as string))
        else if (type === 'double') parts.push(key(1), double(value))
        else if (type === 'varint') parts.push(key(0), varint(BigInt.asUintN(64, BigInt(value as string))))
        else if (type === 'zigzag') parts.push(key(0), zigzag(value))
        else block(encode(value as Message, type))
      }
    }
  }
  return Buffer.concat(parts)
}

function varint(value: bigint): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  bytes.push(Number(rest))
  return Buffer.from(bytes)
}

function zigzag(value: Value): Buffer {
  const number = BigInt(value as string)
  return varint(number < 0n ? -number * 2n - 1n : number * 2n)
}

function double(value: Value): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(Number(String(value).replace(/inf(inity)?$/i, 'Infinity')))
  return bytes
}
