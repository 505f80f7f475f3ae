// Words to components, arguments and options: what is accepted, and what is said about the rest.

import t from 'tap'
import { allOptions, findEntry, parseInput } from '../../lib/cli/command.js'
import { helpOf } from '../../lib/cli/help.js'
import { type Component, filter, tool } from '../../lib/component.js'
import { type Problem, Problems } from '../../lib/diag/problem.js'

const since = '0.1.0'
const sample = filter({
  name: 'sample thing',
  summary: 'do a thing',
  description: 'First paragraph,\n  on two lines.\n\nSecond one.',
  since,
  accepts: ['metric'],
  emits: ['metric'],
  guarantee: 'None.',
  args: [
    { name: 'FIRST', help: 'the first', required: true },
    { name: 'REST', help: 'the others', variadic: true },
  ],
  options: {
    count: { type: 'int', default: 3, min: 2, max: 10, help: 'how many', since },
    ratio: { type: 'float', help: 'how much', since },
    every: { type: 'duration', default: '15s', min: '1s', help: 'how often', since },
    size: { type: 'bytes', default: '1MiB', help: 'how large', since },
    mode: { type: 'enum', values: ['fast', 'safe'], default: 'fast', help: 'how', since },
    tag: { type: 'list', help: 'a tag', since },
    label: { type: 'map', help: 'a label', since },
    send_it: { type: 'bool', default: true, help: 'send it', since },
    dry: { type: 'bool', help: 'only try', since },
    token: { type: 'secret', help: 'a token', since, group: 'Secrets' },
    to: { type: 'url', help: 'where to', since, required: true },
  },
  examples: [{ command: 'solder sample thing x --to http://h/', about: 'try it' }],
  create: () => ({ identity: (id) => id, reason: 'never' }),
}) as Component

const parse = (...words: string[]) => parseInput(sample, words)

/** What is told about these words. */
function complaints(...words: string[]): { message: string; expected?: string; hint?: string }[] {
  try {
    parse(...words)
  } catch (error) {
    const list = error instanceof Problems ? error.list : [error as Problem]
    return list.map(({ message, expected, hint }) => ({ message, expected, hint }))
  }
  return []
}

t.test('defaults', async (t) => {
  const { args, options } = parse('a', '--to', 'http://h/')
  t.same(args, ['a'])
  const { on_bad, max_depth, label, ...rest } = options
  t.match(rest, { count: 3, every: 15000, size: 1048576, mode: 'fast', tag: [], send_it: true, dry: false })
  t.equal(rest.ratio, undefined)
  t.equal(rest.token, undefined)
  t.same(label, new Map())
  t.same([on_bad, max_depth], ['drop', 64])
})

t.test('values', async (t) => {
  const { args, options } = parse(
    ...['a', '--count=4', 'b', '--ratio', '-1e-3', '--every', '1m30s', '--size', '64KiB', '--tag', 'x', '--tag=y'],
    ...['--label', '__proto__=p=q', '--no-send-it', '--dry', '--token', 'env:T', '--to', 'http://h/', '--', '--c'],
  )
  t.same(args, ['a', 'b', '--c'])
  t.match(options, { count: 4, ratio: -0.001, every: 90000, size: 65536, tag: ['x', 'y'] })
  t.match(options, { send_it: false, dry: true, token: 'env:T' })
  t.same(options.label, new Map([['__proto__', 'p=q']]))
  t.equal(parse('a', '--to', 'http://h/', '--dry', '--no-dry').options.dry, false, 'the last word counts')
  t.equal(parse('a', '--to', 'http://h/', '--count', '2', '--count', '5').options.count, 5)
})

t.test('every problem of the values is told at once', async (t) => {
  t.same(complaints('a', '--count', '1', '--every', 'soon', '--mode', 'slow', '--token', 's3cret', '--label', 'x'), [
    { message: '--count: 1 is out of range', expected: '2 to 10', hint: undefined },
    { message: "--every: 'soon' is not valid", expected: 'a duration such as 15s, 1m30s or 500ms', hint: undefined },
    { message: "--mode: 'slow' is not valid", expected: 'fast, safe', hint: undefined },
    { message: "--label: 'x' is not valid", expected: 'name=value', hint: undefined },
    { message: '--to is missing', expected: 'where to', hint: undefined },
  ])
  t.match(complaints('a', '--to', 'h', '--every', '10ms', '--size', '1XB', '--ratio', ''), [
    { message: '--ratio' },
    { message: '--every: 10ms is out of range', expected: 'at least 1s' },
    { message: '--size' },
    { message: '--to' },
  ])
})

t.test('words that nobody knows', async (t) => {
  t.match(complaints('a', '--moed', 'safe'), [
    { message: "unknown option '--moed' for 'sample thing'", hint: "did you mean '--mode'?" },
  ])
  t.match(complaints('--to', 'http://h/'), [
    { message: 'argument FIRST is missing', hint: "see 'solder sample thing --help'" },
  ])
  t.match(complaints('a', '--count'), [{ message: /needs a value/ }])
  const words = { name: 'none', summary: 's', description: 'd', since, args: [], options: {}, examples: [] }
  const none = tool({ ...words, run: async () => 0 })
  t.throws(() => parseInput(none, ['x']), { message: "too many arguments for 'none'", expected: 'none' })
})

t.test('the component that is meant', async (t) => {
  const load = async () => ({ default: sample })
  const catalogue = ['scrape', 'scrape host', 'write prometheus', 'write file'].map((name) => ({ name, load }))
  const found = (...words: string[]) => {
    const { entry, rest } = findEntry(catalogue, words)
    return [entry.name, ...rest]
  }
  t.same(found('scrape', 'host', '--once'), ['scrape host', '--once'])
  t.same(found('scrape', 'http://h/'), ['scrape', 'http://h/'])
  t.throws(() => found('write'), { message: 'write: which kind?', expected: 'prometheus, file' })
  t.throws(() => found('write', 'promtheus'), {
    message: "unknown kind 'promtheus' for 'write'",
    hint: "did you mean 'prometheus'?",
  })
  t.throws(() => found('scarpe'), {
    message: "unknown command 'scarpe'",
    expected: 'scrape, write',
    hint: "did you mean 'scrape'?",
  })
})

t.test('help', async (t) => {
  t.equal(
    helpOf({ ...sample, options: { ...sample.options } } as Component).split('\nRecords and errors:')[0],
    `usage: solder sample thing [--option...] FIRST [REST...]

Do a thing.

First paragraph, on two lines.

Second one.

Arguments:
  FIRST
      the first
  [REST...]
      the others

Options:
  --count N
      how many (2 to 10; default 3)
  --ratio NUMBER
      how much
  --every DURATION
      how often (at least 1s; default 15s)
  --size SIZE
      how large (default 1MiB)
  --mode fast|safe
      how (default fast)
  --tag VALUE
      a tag (may be repeated)
  --label NAME=VALUE
      a label (may be repeated)
  --[no-]send-it
      send it (on by default)
  --dry
      only try
  --to URL
      where to (required)

Secrets:
  --token SECRET
      a token (file:PATH, env:NAME or the text itself)
`,
  )
})

t.test('stages that do not read records have no bounds for them', async (t) => {
  const made = (accepts: readonly 'target'[]) => {
    return { ...sample, role: 'source', accepts, run: async () => {} } as Component
  }
  t.notOk('max_depth' in allOptions(made([])))
  t.ok('max_depth' in allOptions(made(['target'])))
})
