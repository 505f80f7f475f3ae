// The official CEL conformance cases (cel-spec, as the package @bufbuild/cel-spec ships them). What does not apply, and
// why, stands in conformance-excluded.json; an exclusion that would pass, or names no case, fails the test.

import { readFileSync } from 'node:fs'
import { getConformanceSuite } from '@bufbuild/cel-spec/testdata/tests.js'
import t from 'tap'
import { Compiler, type Surroundings } from '../../../lib/expr/compile.js'
import { parseExpression } from '../../../lib/expr/syntax.js'
import { type Type, typeOf } from '../../../lib/expr/type.js'
import { isMap, kindOf, LiteralMap, TypeName, Uint, type Value } from '../../../lib/expr/value.js'
import { parseDuration, parseTimestamp } from '../../../lib/expr/time.js'
import { ROOT } from '../../support/solder.js'

interface Excluded {
  sections: { [section: string]: string }
  cases: { [name: string]: string }
}

type Suite = ReturnType<typeof getConformanceSuite>
type Test = Suite['tests'][number]
type ProtoValue = { kind: { case?: string; value?: unknown } }

const excluded = JSON.parse(readFileSync(`${ROOT}/test/lib/expr/conformance-excluded.json`, 'utf8')) as Excluded

/** A value of a case, in ours. */
function valueOf({ kind }: ProtoValue): Value {
  switch (kind.case) {
    case 'nullValue':
      return null
    case 'uint64Value':
      return new Uint(kind.value as bigint)
    case 'listValue':
      return (kind.value as { values: ProtoValue[] }).values.map(valueOf)
    case 'mapValue':
      return new LiteralMap(
        (kind.value as { entries: { key: ProtoValue; value: ProtoValue }[] }).entries.map(
          ({ key, value }) => [valueOf(key), valueOf(value)] as const,
        ),
      )
    case 'typeValue':
      return new TypeName(kind.value as string)
    case 'objectValue':
      return timeOf(kind.value as { typeUrl: string; value: Uint8Array })
    default:
      return kind.value as Value
  }
}

/** google.protobuf.Timestamp and Duration: field 1 seconds, field 2 nanos, both varints. */
function timeOf({ typeUrl, value }: { typeUrl: string; value: Uint8Array }): Value {
  const fields = [0n, 0n, 0n]
  for (let at = 0; at < value.length; ) {
    const field = value[at++] >> 3
    for (let shift = 0n; ; shift += 7n) {
      fields[field] |= BigInt(value[at] & 127) << shift
      if (value[at++] < 128) break
    }
  }
  const nanos = BigInt.asIntN(64, fields[1]) * 1_000_000_000n + BigInt.asIntN(64, fields[2])
  const seconds = `${nanos / 1_000_000_000n}.${String(nanos % 1_000_000_000n).replace('-', '').padStart(9, '0')}`
  if (typeUrl.endsWith('google.protobuf.Duration')) return parseDuration(`${seconds}s`)!
  if (!typeUrl.endsWith('google.protobuf.Timestamp')) throw new Error(`message ${typeUrl}`)
  const date = new Date(Number(nanos / 1_000_000_000n) * 1000).toISOString().slice(0, 19)
  return parseTimestamp(`${date}.${seconds.split('.')[1]}Z`)!
}

/** A text that is the same for the same value of the same type. */
function shown(value: Value): string {
  const kind = kindOf(value)
  if (value instanceof Uint) return `${value.value}u`
  if (value instanceof TypeName) return `type ${value.name}`
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`
  if (value instanceof Uint8Array) return `b[${[...value].join()}]`
  if (isMap(value)) return `{${value.keys().map((key) => `${shown(key)}: ${shown(value.get(key)!)}`).sort().join(', ')}}`
  return Object.is(value, -0) ? 'double -0' : `${kind} ${String(value)}`
}

const KINDS: { readonly [primitive: number]: Type['kind'] } = {
  1: 'bool', 2: 'int', 3: 'uint', 4: 'double', 5: 'string', 6: 'bytes',
}

/** Declared types of variables, as far as they are primitive. */
function typesOf(test: Test): Map<string, Type> {
  const types = new Map<string, Type>()
  for (const { name, declKind } of test.original.typeEnv) {
    const kind = declKind.case === 'ident' ? declKind.value.type?.typeKind : undefined
    const primitive = kind?.case === 'primitive' ? KINDS[kind.value as number] : undefined
    types.set(name, typeOf(primitive ?? 'dyn'))
  }
  return types
}

/** What is wrong with our answer to a case; undefined if nothing is. */
async function complaint({ original }: Test, types: Map<string, Type>): Promise<string | undefined> {
  const bindings = new Map<string, Value>()
  let answer: string
  try {
    for (const [name, { kind }] of Object.entries(original.bindings)) {
      if (kind.case === 'value') bindings.set(name, valueOf(kind.value as ProtoValue))
    }
    const surroundings: Surroundings<ReadonlyMap<string, Value>> = {
      names: [...bindings.keys()],
      check: !original.disableCheck,
      maxDepth: 100,
      variable: (name) =>
        bindings.has(name) || types.has(name)
          ? { type: types.get(name) ?? typeOf('dyn'), read: (source) => source.get(name) ?? null }
          : undefined,
    }
    const compiler = new Compiler(original.expr, surroundings)
    const { run } = compiler.compile(await parseExpression(original.expr, { maxLength: 65536, maxDepth: 100 }))
    if (compiler.problems.length > 0) throw compiler.problems[0]
    answer = shown(run({ source: bindings, locals: [] }))
  } catch (error) {
    const fails = original.resultMatcher.case === 'evalError'
    return fails ? undefined : `fails: ${(error as Error).message}`
  }
  switch (original.resultMatcher.case) {
    case 'evalError':
      return `expected an error, got ${answer}`
    case 'value': {
      const wanted = shown(valueOf(original.resultMatcher.value as ProtoValue))
      return wanted === answer ? undefined : `expected ${wanted}, got ${answer}`
    }
    default:
      return answer === 'bool true' ? undefined : `expected true, got ${answer}`
  }
}

let passed = 0
let skipped = 0
const unused = new Set([...Object.keys(excluded.sections), ...Object.keys(excluded.cases)])

async function walk(suite: Suite, path: string): Promise<void> {
  if (Object.hasOwn(excluded.sections, path)) {
    unused.delete(path)
    skipped += count(suite)
    return
  }
  for (const test of suite.tests) {
    const name = `${path}/${test.name}`
    const wrong = await complaint(test, typesOf(test))
    if (Object.hasOwn(excluded.cases, name)) {
      unused.delete(name)
      skipped++
      if (wrong === undefined) t.fail(`${name} is excluded, but passes`)
    } else if (wrong === undefined) passed++
    else t.fail(`${name}: ${test.original.expr}: ${wrong}`)
  }
  for (const inner of suite.suites) await walk(inner, `${path}${path === '' ? '' : '/'}${inner.name}`)
}

function count(suite: Suite): number {
  return suite.tests.length + suite.suites.reduce((sum, inner) => sum + count(inner), 0)
}

await walk(getConformanceSuite(), '')
t.same([...unused], [], 'every exclusion names a case')
t.ok(passed > 1000, `${passed} cases passed, ${skipped} excluded`)
