// Files of stages: Alloy's blocks and Promtail's lists say the same, and what is wrong is told with its place.

import { readFileSync } from 'node:fs'
import t from 'tap'
import { Problem, problemsOf, renderProblem } from '../../../lib/diag/problem.js'
import { parseAlloy } from '../../../lib/logs/alloy.js'
import { prepareStages } from '../../../lib/logs/build.js'
import type { StageConfig } from '../../../lib/logs/definition.js'
import { parseStages } from '../../../lib/logs/document.js'
import { loadDefinition, STAGE_NAMES } from '../../../lib/logs/registry.js'
import type { Json } from '../../../lib/record/index.js'
import fc from '../../support/property.js'
import { ROOT } from '../../support/solder.js'

type Shown = [name: string, options: { [key: string]: Json }, inside: Shown[]]

/** What a file says, without places. */
const shown = (stages: readonly StageConfig[]): Shown[] =>
  stages.map(({ name, options, blocks, stages }) => [
    name,
    Object.fromEntries([...options].map(([key, { value }]) => [key, value])),
    [...shown(blocks), ...shown(stages)],
  ])

async function read(text: string): Promise<Shown[]> {
  const problems: Problem[] = []
  const stages = await parseStages(text, 'file', problems)
  if (problems.length > 0) throw problems[0]
  return shown(stages)
}

t.test("Promtail's list and Alloy's blocks say the same", async (t) => {
  const promtail = `
    pipeline_stages:
      - docker: {}
      - cri:
      - json: {expressions: {level: , id: order.id}, drop_malformed: true}
      - labels: {level: , app: service}
      - labelallow: [level, app]
      - static_labels: {site: berlin}
      - match:
          selector: '{app="shop"} |= "x"'
          stages:
            - output: {source: id}
            - limit: {rate: 1.5, burst: 2}
      - metrics:
          lines: {type: Counter, description: d, prefix: p_, config: {match_all: true, action: inc}}
          took: {type: Histogram, prefix: p_, source: t, config: {buckets: [0.1, 1]}}`
  const alloy = `
    // comments /* of both */
    loki.process "x" { /* kinds */
      forward_to = [loki.write.default.receiver,
                    other.receiver]
      stage.docker {}
      stage.cri { }
      stage.json {
        expressions    = { "level" = null, id = \`order.id\`, }
        drop_malformed = true
      }
      stage.labels { values = { level = null, app = "service" } }
      stage.label_keep { values = ["level",
        "\\u0061pp",
      ] }
      stage.static_labels { values = { site = "\\x62erlin" } }
      stage.match {
        selector = "{app=\\"shop\\"} |= \\"x\\""
        stage.output { source = "id" }
        stage.limit {
          rate  = 1.5
          burst = 2
        }
      }
      stage.metrics {
        metric.counter {
          description = "d"
          prefix      = "p_"
          match_all   = true
          action      = "inc"
          name        = "lines"
        }
        metric.histogram {
          prefix  = "p_"
          source  = "t"
          buckets = [0.1, 1]
          name    = "took"
        }
      }
    }`
  t.same(await read(promtail), await read(alloy))
  t.same(await read(promtail.replace('pipeline_stages:', '').replace(/^ {6}/gm, '')), await read(alloy), 'a bare list')
})

t.test('every stage and option that is documented is known', async (t) => {
  const documented = async (name: string) => {
    const problems: Problem[] = []
    const stages = await parseStages(readFileSync(`${ROOT}/test/lib/logs/documented.${name}`, 'utf8'), name, problems)
    t.same(problems.map((problem) => problem.message), [], name)
    await prepareStages(stages)
    return stages
  }
  const named = (stages: readonly StageConfig[]) => new Set(stages.map((stage) => stage.name))
  const alloy = named(await documented('alloy'))
  t.same(STAGE_NAMES.filter((stage) => !alloy.has(stage)), [])
  const promtail = await documented('yaml')
  const sizes = promtail.flatMap(({ options }) => [...options]).filter(([key]) => key === 'longer_than')
  t.same(sizes.map(([, { value }]) => value), ['8KiB'], 'sizes in any case')
})

t.test('what is written in the syntax of Alloy is read', async (t) => {
  const name = fc.stringMatching(/^[a-z_][a-z0-9_]{0,5}$/)
  const value = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', maxDepth: 2 },
      fc.string({ unit: 'grapheme' }), fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(), fc.constant(null),
      fc.array(tie('value'), { maxLength: 3 }), fc.dictionary(fc.string(), tie('value'), { maxKeys: 3 }),
    ),
  })).value
  const written = (one: Json): string => {
    if (typeof one === 'string') return JSON.stringify(one)
    if (typeof one !== 'object' || one === null) return String(one)
    if (Array.isArray(one)) return `[${one.map(written).join(', ')}]`
    return `{ ${Object.entries(one).map(([key, inner]) => `${JSON.stringify(key)} = ${written(inner)}`).join(', ')} }`
  }
  const options = fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, maxLength: 4 })
  fc.assert(fc.property(options, (options) => {
    const text = `stage.x {\n${options.map(([key, one]) => `  ${key} = ${written(one)}`).join('\n')}\n}`
    t.same(shown(parseAlloy(text, 'file')), [['x', Object.fromEntries(options), []]])
    return true
  }), { numRuns: 60 })
  const signs = ['{', '}', '"', '`', '[', ']', '=', ',', 'a', '.', '\n', '\\', '/', '*', '1']
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...signs) }), (text) => {
    try {
      parseAlloy(`stage.x {${text}`, 'file')
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      return (error.place?.line ?? 0) > 0 && (error.place?.column ?? 0) > 0
    }
    return true
  }))
})

t.test('wrong syntax has a place and what was expected', async (t) => {
  const wrong = (text: string) => {
    try {
      parseAlloy(text, 'f')
      return ''
    } catch (error) {
      return renderProblem(error as Problem, 'x').split('\n').filter((line) => !/^ +[\d|]/.test(line)).join('; ')
    }
  }
  t.same([
    'stage.json {', 'stage.json = 1 2', 'stage.x { a = }', 'stage.x { a = "b }',
    'stage.x { a = [1 2] }', 'stage.x { a = "\\q" }',
    'stage.x { a = 1\n a = 2 }', 'other "x" {}', '?',
  ].map(wrong), [
    "f:1:13: a block is not closed;   expected: }; ", "f:1:16: unexpected '2';   expected: a new line; ",
    "f:1:15: unexpected '}';   expected: a value; ", 'f:1:15: a text is not closed;   expected: "; ',
    "f:1:18: unexpected '2';   expected: , or ]; ",
    'f:1:16: no such escape: \\q;   expected: \\n, \\t, \\\\, \\", \\x41, \\u00e9 …; ',
    "f:2:2: 'a' is there twice; ",
    "f:1:1: unknown block 'other';   expected: stage.NAME, or loki.process around them; ",
    "f:1:1: unexpected '?';   expected: the name of a block or of an attribute; ",
  ])
})

t.test('every kind of stage says what each option is, and refuses others', async (t) => {
  for (const name of STAGE_NAMES) {
    const definition = (await loadDefinition(name))!
    t.equal(definition.name, name)
    for (const table of [definition.options, ...Object.values(definition.blocks ?? {})]) {
      for (const [key, { help, since }] of Object.entries(table)) {
        t.match(key, /^[a-z_]+$/)
        t.match(help, /^\S.*[^.]$/, `${name}: ${key}`)
        t.ok(since)
      }
    }
    const options = new Map([['no_such_option', { value: 1 }]])
    const told = await prepareStages([{ name, options, blocks: [], stages: [] }]).then(() => [], problemsOf)
    t.ok(told.some(({ message }) => message.startsWith("unknown option 'no_such_option'")), name)
  }
})
