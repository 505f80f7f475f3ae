// The dictionary of an export of profiles: tables whose entries are referred to by index, from one to another.

import { ProtoWriter } from '../remote_write/writer.js'
import type { ProfilesDictionary } from './message.js'
import { type Fields, writeFields } from './protobuf.js'
import { DICTIONARY, type Field, type MessageType } from './schema.js'

/** The tables that indices are into, by the names of their fields, which are the same in all messages. */
const INTO: ReadonlyMap<string, Field> = new Map(
  Object.entries({
    stringTable: [
      'typeStrindex', 'unitStrindex', 'keyStrindex', 'stringValueStrindex', 'nameStrindex', 'systemNameStrindex',
      'filenameStrindex',
    ],
    attributeTable: ['attributeIndices'],
    mappingTable: ['mappingIndex'],
    locationTable: ['locationIndices'],
    functionTable: ['functionIndex'],
    linkTable: ['linkIndex'],
    stackTable: ['stackIndex'],
  }).flatMap(([table, names]) => names.map((name) => [name, DICTIONARY.byName.get(table)!])),
)

/** An index beyond its table. */
export class WrongIndex extends Error {}

/** The entry of a table; undefined for the first of an empty one, which stands for nothing. Throws WrongIndex. */
export function entryAt<T>(entries: readonly T[] = [], index: number, table: string): T | undefined {
  const { length } = entries
  if (index === 0 && length === 0) return undefined
  if (index < 0 || index >= length) throw new WrongIndex(`index ${index} of ${length} into the ${table}`)
  return entries[index]
}

/** How many entries each table has, and their bytes. */
export interface Mark {
  readonly lengths: readonly number[]
  readonly bytes: number
}

/** A table under construction: entries in their bytes, by what these are. The first one says nothing. */
class Table {
  readonly #index = new Map<string, number>([['', 0]])

  get length(): number {
    return this.#index.size
  }

  get keys(): readonly string[] {
    return [...this.#index.keys()]
  }

  /** @param key its bytes, one a character */
  indexOf(key: string): number {
    const known = this.#index.get(key)
    if (known === undefined) this.#index.set(key, this.#index.size)
    return known ?? this.#index.size - 1
  }

  /** Forgets all but the first. */
  cut(length: number): void {
    if (length === this.#index.size) return
    for (const key of this.keys.slice(length)) this.#index.delete(key)
  }
}

/** A dictionary under construction, in the bytes that are sent: what is the same is one entry. */
export class DictionaryWriter {
  /** About as many as `bytesOf` gives. */
  bytes = 0
  readonly #tables = new Map(DICTIONARY.fields.map((field) => [field, new Table()]))
  readonly #entry = new ProtoWriter()

  string(text: string): number {
    return this.#indexOf(INTO.get('nameStrindex')!, Buffer.from(text))
  }

  /** Of an entry that refers to this dictionary. Throws a RangeError where a number is out of range for its field. */
  entry(table: Field, message: object): number {
    this.#entry.length = 0
    writeFields(this.#entry, message, table.kind as MessageType)
    return this.#indexOf(table, this.#entry.view())
  }

  #indexOf(field: Field, bytes: Buffer): number {
    const table = this.#tables.get(field)!
    const before = table.length
    const index = table.indexOf(bytes.latin1Slice())
    if (table.length > before) this.bytes += bytes.length + FRAME
    return index
  }

  mark(): Mark {
    return { lengths: [...this.#tables.values()].map(({ length }) => length), bytes: this.bytes }
  }

  /** Forgets what has come since. */
  restore({ lengths, bytes }: Mark): void {
    for (const [i, table] of [...this.#tables.values()].entries()) table.cut(lengths[i])
    this.bytes = bytes
  }

  /** The message. */
  finish(): Buffer {
    const writer = new ProtoWriter(this.bytes + FRAME * this.#tables.size)
    for (const [{ number }, table] of this.#tables) {
      for (const key of table.keys) writer.message(number, Buffer.from(key, 'latin1'))
    }
    return writer.view()
  }
}

/** Most entries are short: tag and length. */
const FRAME = 2

type Indices = number | readonly number[]

/** What refers to one dictionary, made to refer to another one, together with what it refers to. */
export class Transfer {
  readonly #moved = new Map<Field, Map<number, number>>(DICTIONARY.fields.map((field) => [field, new Map()]))

  constructor(
    private readonly from: ProfilesDictionary,
    private readonly to: DictionaryWriter,
  ) {}

  /** Throws WrongIndex. */
  message<T extends object>(message: T, type: MessageType): T {
    const moved: Fields = {}
    for (const field of type.fields) {
      const value = (message as Fields)[field.name]
      const table = INTO.get(field.name)
      if (table !== undefined) this.#refer(moved, field, value as Indices | undefined, table)
      else if (value === undefined || typeof field.kind === 'string') moved[field.name] = value
      else {
        const { kind } = field
        const one = (inner: object) => this.message(inner, kind)
        moved[field.name] = field.list ? (value as object[]).map(one) : one(value as object)
      }
    }
    return moved as T
  }

  /** What is not told is index 0, but where there is a choice. */
  #refer(moved: Fields, { name, list, present }: Field, value: Indices | undefined, table: Field): void {
    if (value === undefined && (list || present)) return
    if (typeof value === 'object') moved[name] = value.map((index) => this.#index(table, index))
    else moved[name] = this.#index(table, value ?? 0)
  }

  #index(table: Field, index: number): number {
    const known = this.#moved.get(table)!
    const before = known.get(index)
    if (before !== undefined) return before
    const entries: readonly unknown[] | undefined = this.from[table.name as keyof ProfilesDictionary]
    const entry = entryAt(entries, index, table.name)
    const after = entry === undefined ? 0 : this.#entry(table, entry)
    known.set(index, after)
    return after
  }

  #entry(table: Field, entry: unknown): number {
    if (typeof entry === 'string') return this.to.string(entry)
    return this.to.entry(table, this.message(entry as object, table.kind as MessageType))
  }
}
