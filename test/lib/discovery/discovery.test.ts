// Target groups from documents, files and URLs, and what is told of them.

import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Problem, Problems } from '../../../lib/diag/problem.js'
import { Files } from '../../../lib/discovery/files.js'
import { filePattern, filesOf } from '../../../lib/discovery/glob.js'
import { type Format, groupText, parseGroups } from '../../../lib/discovery/group.js'
import { parseJson } from '../../../lib/discovery/json.js'
import { Known } from '../../../lib/discovery/known.js'
import type { Node } from '../../../lib/discovery/node.js'
import { Web } from '../../../lib/discovery/web.js'
import type { RecordBatch } from '../../../lib/record/batch.js'
import { clientWith, serving } from '../../support/client.js'
import fc from '../../support/property.js'
import { temporary } from '../../support/temporary.js'

function valueOf(node: Node): unknown {
  switch (node.kind) {
    case 'map':
      return new Map(node.entries.map(({ key, value }) => [key, valueOf(value)]))
    case 'list':
      return node.items.map(valueOf)
    case 'string':
      return node.text
    case 'null':
      return null
    case 'other':
      return JSON.parse(node.text)
  }
}

function withMaps(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(withMaps)
  return new Map(Object.entries(value).map(([key, inner]) => [key, withMaps(inner)]))
}

const taken = (read: () => unknown): boolean => {
  try {
    read()
    return true
  } catch {
    return false
  }
}

t.test('JSON is read as JSON.parse reads it', (t) => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), fc.constantFrom(0, 1, 2, '\t'), (text, indent) => {
      const value: unknown = JSON.parse(text)
      t.strictSame(valueOf(parseJson(JSON.stringify(value, null, indent))), withMaps(value))
    }),
    { numRuns: 200 },
  )
  const piece = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '"',
    '\\',
    '\\u00e4',
    'null',
    'true',
    '1',
    '-0',
    '01',
    '1.e5',
    '2E+3',
    ' ',
    '\n',
    '\u00a0',
    "'",
    'x',
  )
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
      (text) => taken(() => parseJson(text)) === taken(() => JSON.parse(text)),
    ),
    { numRuns: 5000 },
  )
  t.notOk(
    taken(() => parseJson('['.repeat(100_000))),
    'nesting is bounded',
  )
  t.end()
})

t.test('a group is the same in JSON and in YAML, and what is written is read again', async (t) => {
  const word = fc.string({ unit: 'binary' })
  const group = fc.record({
    targets: fc.array(word, { maxLength: 3 }),
    labels: fc.dictionary(
      word.filter((name) => name !== '' && name !== '<<'),
      word,
      { maxKeys: 3 },
    ),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(group, { maxLength: 3 }), async (groups) => {
      const given = groups.map(({ targets, labels }) => ({ targets, labels: new Map(Object.entries(labels)) }))
      const text = `[${given.map(groupText).join(', ')}]`
      t.strictSame(await parseGroups(text, 'json', 'doc'), given)
      t.strictSame(await parseGroups(text, 'yaml', 'doc'), given)
    }),
    { numRuns: 200 },
  )
})

/** `LINE:COLUMN+LENGTH message` of every problem. */
async function complaints(text: string, format: Format): Promise<string[]> {
  try {
    await parseGroups(text, format, 'doc')
    return []
  } catch (error) {
    const list = error instanceof Problems ? error.list : [error as Problem]
    return list.map(({ place, message }) => `${place?.line}:${place?.column}+${place?.length} ${message}`)
  }
}

t.test('documents that are none', async (t) => {
  const cases: [Format, string, string[]][] = [
    ['json', '', ['1:1+1 not JSON: unexpected end']],
    ['json', '[\n {"targets": ["a",]}\n]', ['2:19+1 not JSON: unexpected "]"']],
    ['json', '[{"targets": [1]}]', ['1:15+1 target is not a text']],
    ['json', '[{"targets": []}] x', ['1:19+1 not JSON: unexpected "x"']],
    ['json', '{"targets": []}', ['1:1+15 not a list of target groups']],
    [
      'json',
      '[null,\n{"labels":{"a":1,"":"x"},"tags":[]}]',
      [
        '1:2+4 target group is null',
        "2:16+1 value of label 'a' is not a text",
        '2:18+2 label without a name',
        "2:26+6 unknown key 'tags' in a target group",
      ],
    ],
    [
      'yaml',
      'a: [',
      ['1:5+1 not YAML: flow sequence in block collection must be sufficiently indented and end with a ]'],
    ],
    ['yaml', '- targets: []\n  targets: []\n', ['2:3+1 key stands twice']],
    ['yaml', '- targets:\n    x\n', ["2:5+1 'targets' is not a list"]],
    ['yaml', '- targets: [[a]]\n  labels: [b]', ['1:13+3 target is not a text', "2:11+3 'labels' is not a map"]],
    ['yaml', '- text', ['1:3+4 not a target group']],
    ['yaml', '- <<: 1', ["1:7+1 '<<' merges maps only"]],
  ]
  for (const [format, text, expected] of cases) t.same(await complaints(text, format), expected, text)
  const many = await complaints(JSON.stringify(Array(1000).fill({ tags: 1 })), 'json')
  t.equal(many.length, 10, 'the same mistake is not told a thousand times')
})

t.test('YAML as it is written', async (t) => {
  const text = `
- &base
  targets: [a:1, 9090]
  labels: &common {port: 0x1F, on: yes, date: 2020-01-01, none: ~, __proto__: x}
- targets: [b]
  labels: {<<: *common, port: own}
- {<<: *base, labels: {}}
`
  const groups = await parseGroups(text, 'yaml', 'doc')
  const common = [
    ['on', 'yes'],
    ['date', '2020-01-01'],
    ['none', ''],
    ['__proto__', 'x'],
  ]
  t.same(
    groups.map(({ targets, labels }) => [targets, [...labels]]),
    [
      [
        ['a:1', '9090'],
        [['port', '0x1F'], ...common],
      ],
      [['b'], [['port', 'own'], ...common]],
      [['a:1', '9090'], []],
    ],
  )
  t.same(await parseGroups('', 'yaml', 'doc'), [])
  const list = '[' + Array(2000).fill('x').join() + ']'
  const bomb = `- targets: &t ${list}\n` + '- targets: *t\n'.repeat(2000)
  t.match(await complaints(bomb, 'yaml'), [/more than 1000000 nodes/])
  const deep = `- &a [x]\n- &b [*a]\n`
  t.match(await complaints(deep, 'yaml'), [/not a target group/, /not a target group/])
  const self = '- &a [*a]\n'
  t.equal((await complaints(self, 'yaml')).length, 1, 'an alias of itself')
})

function told(batch: RecordBatch): string[] {
  return batch.ids.map((id, row) => `${batch.payloads[row].state} ${id!.labels.join(' ')}`)
}

t.test('what changed', (t) => {
  const known = new Known('__meta_x')
  const group = (labels: { [name: string]: string }, ...targets: string[]) => ({
    targets,
    labels: new Map(Object.entries(labels)),
  })
  known.set('p', [group({ z: '1', __address__: 'group' }, 'a', 'b'), group({ z: '1' }, 'b')])
  t.same(told(known.changes()), ['present __address__ a __meta_x p z 1', 'present __address__ b __meta_x p z 1'])
  t.same(told(known.changes()), [])
  known.set('p', [group({ z: '1' }, 'b')])
  t.same(told(known.changes()), ['gone __address__ a __meta_x p z 1'], 'a target of two groups stays with the other')
  known.set('q', [group({ __proto__x: '' }, 'b')])
  known.set('p', [])
  t.same(told(known.changes()), ['gone __address__ b __meta_x p z 1', 'present __address__ b __meta_x q __proto__x '])
  t.end()
})

function folder(t: Test): string {
  const path = temporary(t)
  return path
}

t.test('file patterns', async (t) => {
  const path = folder(t)
  const names = ['a.json', 'b.json', 'B.yml', 'a-1.yaml', 'a*.yml', 'ä.yml', '.hidden.yml', 'x.txt']
  for (const name of names) writeFileSync(join(path, name), '[]')
  const matching = async (pattern: string) =>
    (await filesOf(filePattern(join(path, pattern)))).map((file) => file.slice(path.length + 1))
  t.same(await matching('*.json'), ['a.json', 'b.json'])
  t.same(await matching('?.yml'), ['B.yml', 'ä.yml'])
  t.same(await matching('[ab].json'), ['a.json', 'b.json'])
  t.same(await matching('[^a-b].yml'), ['B.yml', 'ä.yml'])
  t.same(await matching('a\\*.yml'), ['a*.yml'])
  t.same(await matching('a*1.yaml'), ['a-1.yaml'])
  t.same(await matching('no.json'), [])
  t.same(await filesOf(filePattern('/no/such/folder/*.json')), [])
  for (const bad of ['x.txt', '*', 'a*/b.json', '[z-a].yml', '[.yml'])
    t.throws(() => filePattern(bad), { name: 'Problem' }, bad)
})

t.test('files', async (t) => {
  const path = folder(t)
  const known = new Known('__meta_filepath')
  const files = new Files([filePattern(join(path, '*.yml')), filePattern(join(path, 'one.json'))], known, 1000)
  const write = (name: string, text: string | Buffer) => {
    writeFileSync(join(path, 'new'), text)
    renameSync(join(path, 'new'), join(path, name))
  }
  const state = async () => {
    const { problems, unmatched } = await files.refresh()
    const changes = told(known.changes()).map((line) => line.replaceAll(`${path}/`, ''))
    return [
      ...problems.map(({ message }) => message),
      ...unmatched.map(({ text }) => `unmatched ${text.slice(path.length + 1)}`),
      ...changes,
    ]
  }
  write('a.yml', '- targets: [a]')
  t.same(await state(), ['unmatched one.json', 'present __address__ a __meta_filepath a.yml'])
  write('one.json', '[{"targets":["b"]}]')
  write('a.yml', '- targets: [')
  t.match(
    await state(),
    [/^not YAML/, 'present __address__ b __meta_filepath one.json'],
    'a broken file keeps its targets',
  )
  t.same(await state(), [], 'and is told once')
  write('a.yml', 'x'.repeat(1001))
  write('one.json', Buffer.from('[{"targets":["\xff"]}]', 'latin1'))
  t.same(await state(), ['larger than --max-file-bytes 1000', 'not UTF-8'])
  write('a.yml', '- targets: [a, c]')
  t.same(await state(), ['present __address__ c __meta_filepath a.yml'])
  rmSync(join(path, 'a.yml'))
  mkdirSync(join(path, 'a.yml'))
  t.match(await state(), [/^cannot read: .*directory/])
  rmSync(join(path, 'a.yml'), { recursive: true })
  t.same(await state(), [
    'unmatched *.yml',
    'gone __address__ a __meta_filepath a.yml',
    'gone __address__ c __meta_filepath a.yml',
  ])
  if (process.getuid?.() !== 0) {
    write('a.yml', '[]')
    chmodSync(join(path, 'a.yml'), 0)
    t.same(await state(), ['cannot read: permission denied'])
  }
})

t.test('files behind a link that moves, as in a ConfigMap', async (t) => {
  const path = folder(t)
  for (const version of ['1', '2']) {
    mkdirSync(join(path, version))
    writeFileSync(join(path, version, 't.yml'), `- targets: [v${version}]`)
  }
  symlinkSync('1', join(path, 'data'))
  symlinkSync('data/t.yml', join(path, 't.yml'))
  const known = new Known()
  const files = new Files([filePattern(join(path, '*.yml'))], known, 1000)
  await files.refresh()
  t.same(told(known.changes()), ['present __address__ v1'])
  symlinkSync('2', join(path, 'next'))
  renameSync(join(path, 'next'), join(path, 'data'))
  await files.refresh()
  t.same(told(known.changes()), ['gone __address__ v1', 'present __address__ v2'])
})

t.test('a URL', async (t) => {
  let status = 200
  let type = 'application/json; charset=utf-8'
  let body: string | Buffer = '[{"targets":["a"],"labels":{"x":"y"}}]'
  const url = await serving(t, (request, response) => {
    t.match(request.headers, { accept: 'application/json', 'x-prometheus-refresh-interval-seconds': '30' })
    response.writeHead(status, { 'content-type': type }).end(body)
  })
  const http = await clientWith()
  t.teardown(() => http.close())
  const known = new Known('__meta_url')
  const web = new Web(
    { url: url.replace('//', '//user:secret@'), every: 30_000, timeout: 10_000, maxBytes: 1000 },
    known,
    http,
  )
  await web.refresh()
  t.same(told(known.changes()), [`present __address__ a __meta_url ${url}/ x y`], 'without the password')
  const refused = async (expected: object) => {
    await t.rejects(web.refresh(), { name: 'Problem', ...expected })
    t.equal(known.changes().length, 0, 'what was known stays')
  }
  body = 'x'
  await refused({ message: 'not JSON: unexpected "x"', exit: 1 })
  body = Buffer.from('[{"targets":["\xff"]}]', 'latin1')
  await refused({ message: 'the body is not UTF-8' })
  body = '[' + ' '.repeat(1000) + ']'
  await refused({ message: /body is larger than 1000 bytes \(--max-body-bytes\)$/, exit: 1 })
  body = '[]'
  type = 'text/plain'
  await refused({ message: 'content type "text/plain"', exit: 1 })
  for (const [next, exit] of [
    [500, 75],
    [429, 75],
    [404, 1],
  ]) {
    status = next
    await refused({ message: `status ${next}`, exit })
  }
  status = 200
  type = 'application/json'
  await web.refresh()
  t.same(told(known.changes()), [`gone __address__ a __meta_url ${url}/ x y`])
})
