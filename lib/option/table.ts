// The option table: what a component can be told, as data. Flags, help, manual, completions and schema come from it.

interface Common {
  /** One sentence, lower case, no full stop. */
  help: string
  /** The version that brought it. */
  since: string
  /** A word for the value in help, e.g. `URL`. */
  value?: string
  /** One letter for a flag of its own: `e` for `-e`. */
  short?: string
  /** Heading under which help lists it. */
  group?: string
  /** Never printed by anything. */
  secret?: boolean
  required?: boolean
}

export type OptionSpec = Common &
  (
    | { type: 'string'; default?: string }
    /** `readAtStart`: as with arguments. */
    | { type: 'path'; default?: string; readAtStart?: boolean }
    | { type: 'url'; default?: string }
    /** A secret: `file:PATH`, `env:NAME`, or the text itself. Its value is a reference, opened when it is used. */
    | { type: 'secret' }
    | { type: 'int'; default?: number; min?: number; max?: number }
    | { type: 'float'; default?: number; min?: number; max?: number }
    | { type: 'bool'; default?: boolean }
    /** Milliseconds; written `1m30s`, `15s`, `500ms`. */
    | { type: 'duration'; default?: string; min?: string; max?: string }
    /** Bytes; written `64KiB`, `10MB`, `1024`. */
    | { type: 'bytes'; default?: string }
    | { type: 'enum'; values: readonly string[]; default?: string }
    /** May be given several times. */
    | { type: 'list'; default?: readonly string[] }
    /** `name=value`, may be given several times. */
    | { type: 'map' }
  )

/** What an option or an argument can be, in the order in which messages list it. */
export const OPTION_TYPES = [
  'string', 'path', 'url', 'secret', 'int', 'float', 'bool', 'duration', 'bytes', 'enum', 'list', 'map',
] as const satisfies readonly OptionSpec['type'][]

export type OptionTable = { readonly [key: string]: OptionSpec }

type Raw<S extends OptionSpec> = S extends { type: 'int' | 'float' | 'duration' | 'bytes' }
  ? number
  : S extends { type: 'bool' }
    ? boolean
    : S extends { type: 'enum'; values: readonly (infer V)[] }
      ? V
      : S extends { type: 'list' }
        ? readonly string[]
        : S extends { type: 'map' }
          ? ReadonlyMap<string, string>
          : string

type Present<S> = S extends { type: 'bool' | 'list' | 'map' } | { required: true }
  ? true
  : S extends { default: infer D }
    ? undefined extends D
      ? false
      : true
    : false

/** The typed values of a table: always there for options with a default, required ones, booleans, lists and maps. */
export type OptionValues<T extends OptionTable> = {
  readonly [K in keyof T]: Present<T[K]> extends true ? Raw<T[K]> : Raw<T[K]> | undefined
}

export interface ArgumentSpec {
  /** Upper case, as in the synopsis. */
  name: string
  help: string
  required?: boolean
  variadic?: boolean
  /** The words it may be. */
  values?: readonly string[]
  /** It names files, which completions then offer. */
  path?: boolean
  /** These are read at the start and not again, so that what they say is part of the configuration. */
  readAtStart?: boolean
}

/** The flag of an option key. */
export function flagOf(key: string): string {
  return `--${key.replaceAll('_', '-')}`
}

/** The key of a positional argument: `URL` is `url`, `RULES.yaml` is `rules`. */
export function argumentKey(arg: ArgumentSpec): string {
  return arg.name.replace(/\..*$/, '').replaceAll('-', '_').toLowerCase()
}
