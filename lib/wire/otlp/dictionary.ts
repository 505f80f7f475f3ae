// The dictionary of an export of profiles: tables whose entries are referred to by index, from one to another.

import { ProtoWriter } from '../remote_write/writer.js'
import type { Profile, ProfilesDictionary } from './message.js'
import { type Fields, writeFields } from './protobuf.js'
import { DICTIONARY, type Field, type MessageType, PROFILE } from './schema.js'

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

/** A dictionary under construction. */
interface Growing {
  string(text: string): number
  /** Of an entry that refers to this dictionary. Throws a RangeError where a number is out of range for its field. */
  entry(table: Field, message: object): number
}

const NOTHING = Buffer.alloc(0)
const STRINGS = INTO.get('nameStrindex')!
/** Most entries are short: tag and length. */
const FRAME = 2

/** The dictionary of one profile: each entry once, as long as nobody gives one twice. */
export class OwnDictionary implements Growing {
  readonly #writer = new ProtoWriter()
  readonly #lengths = new Map<Field, number>()
  readonly #entry = new ProtoWriter()

  constructor() {
    for (const field of DICTIONARY.fields) this.#add(field, NOTHING)
  }

  string(text: string): number {
    return text === '' ? 0 : this.#add(STRINGS, Buffer.from(text))
  }

  entry(table: Field, message: object): number {
    this.#entry.length = 0
    writeFields(this.#entry, message, table.kind as MessageType)
    return this.#entry.length === 0 ? 0 : this.#add(table, this.#entry.view())
  }

  #add(field: Field, bytes: Buffer): number {
    const index = this.#lengths.get(field) ?? 0
    this.#lengths.set(field, index + 1)
    this.#writer.message(field.number, bytes)
    return index
  }

  /** The message. */
  view(): Buffer {
    return this.#writer.view()
  }
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

/** A dictionary for many profiles, in the bytes that are sent: what is the same is one entry. */
export class SharedDictionary implements Growing {
  /** About as many as `finish` gives. */
  bytes = 0
  readonly #tables = new Map(DICTIONARY.fields.map((field) => [field, new Table()]))
  readonly #entry = new ProtoWriter()

  string(text: string): number {
    return this.#indexOf(STRINGS, Buffer.from(text))
  }

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

type Indices = number | readonly number[]

/** A table of the dictionary that is left, and where its entries went: in which turn, and to which index. */
interface Leaving {
  readonly entries: readonly unknown[]
  readonly turns: Int32Array
  readonly indices: Int32Array
}

/** Profiles that refer to one dictionary, made to refer to others, together with what they refer to. */
export class Transfer {
  readonly #tables: ReadonlyMap<Field, Leaving>
  #to: Growing | null = null
  #turn = 0

  constructor(from: ProfilesDictionary) {
    this.#tables = new Map(
      DICTIONARY.fields.map((field) => {
        const entries: readonly unknown[] = from[field.name as keyof ProfilesDictionary] ?? []
        return [field, { entries, turns: new Int32Array(entries.length), indices: new Int32Array(entries.length) }]
      }),
    )
  }

  /** The profile for a dictionary, to which comes what it needs. Throws WrongIndex. */
  profile(profile: Profile, to: Growing): Profile {
    this.#to = to
    this.#turn++
    return this.#message(profile, PROFILE)
  }

  #message<T extends object>(message: T, type: MessageType): T {
    const moved: Fields = {}
    for (const field of type.fields) {
      const value = (message as Fields)[field.name]
      const table = INTO.get(field.name)
      if (table !== undefined) this.#refer(moved, field, value as Indices | undefined, table)
      else if (value === undefined || typeof field.kind === 'string') moved[field.name] = value
      else {
        const { kind } = field
        const one = (inner: object) => this.#message(inner, kind)
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
    const { entries, turns, indices } = this.#tables.get(table)!
    if (turns[index] === this.#turn) return indices[index]
    const entry = entryAt(entries, index, table.name)
    const after = entry === undefined ? 0 : this.#entry(table, entry)
    turns[index] = this.#turn
    indices[index] = after
    return after
  }

  #entry(table: Field, entry: unknown): number {
    if (typeof entry === 'string') return this.#to!.string(entry)
    return this.#to!.entry(table, this.#message(entry as object, table.kind as MessageType))
  }
}
