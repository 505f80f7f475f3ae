// Golden pipelines: each folder of test/golden runs by sh and is compared by bytes. What is a pipe of solder's own
// stages runs by `solder run` as well: the same bytes at every seam, the same words on stderr, the same end. UPDATE=1
// records what came out of sh.

import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { catalogue } from '../commands/index.js'
import { findEntry } from '../lib/cli/command.js'
import { loadComponent } from '../lib/component.js'
import { splitPipe } from '../lib/pipeline/words.js'
import { simpleCommands } from './support/shell.js'
import { type Ran, ROOT, sh } from './support/solder.js'

const FOLDER = `${ROOT}/test/golden`
const update = process.env.UPDATE === '1'
// Many processes, on a machine that may have other work.
t.setTimeout(300_000)

let fused = 0
let seams = 0

function read(path: string, absent: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : absent
}

function record(path: string, text: string, absent: string): void {
  if (text !== absent) writeFileSync(path, text)
  else rmSync(path, { force: true })
}

/** The stages of a command as words, if it is a pipe of solder's stages and nothing else. */
async function stagesOf(command: string): Promise<string[][] | null> {
  let stages: string[][]
  try {
    stages = splitPipe({ name: 'cmd', text: command }).map((stage) => stage.map((word) => word.text))
  } catch {
    return null
  }
  const commands = simpleCommands(command)
  if (commands.length !== stages.length || commands.some(([first]) => first !== 'solder')) return null
  for (const words of stages) if (await isTool(words)) return null
  return stages
}

async function isTool(words: readonly string[]): Promise<boolean> {
  try {
    return (await loadComponent(findEntry(catalogue, words).entry)).role === 'tool'
  } catch {
    return false
  }
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
const pipeOf = (stages: readonly string[][]) => stages.map((words) => ['solder', ...words.map(quoted)].join(' ')).join(' | ')

/** Stages of a shell pipe speak when they like, and count bytes that are not there between stages of one process. */
function told({ stderr }: Ran): string[] {
  return stderr.replace(/,"(in|out)_bytes":\d+/g, '').split('\n').sort()
}

/** The pipe up to each seam, by the shell and by `solder run`. */
async function compare(t: Test, stages: readonly string[][], folder: string, stdin: string, alone: Ran): Promise<void> {
  for (let count = 1; count <= stages.length; count++) {
    const pipe = pipeOf(stages.slice(0, count))
    const [ran, piped] = await Promise.all([
      sh(`exec solder run -e ${quoted(pipe)}`, { cwd: folder, stdin }),
      stages.length === 1 ? alone : sh(`exec bash -o pipefail -c ${quoted(pipe)}`, { cwd: folder, stdin }),
    ])
    const at = `${count} of ${stages.length} stages in one process`
    t.equal(ran.stdout, piped.stdout, `${at}: stdout`)
    t.equal(ran.code, piped.code, `${at}: exit code`)
    if (ran.code === 2) saysTheSame(t, ran, piped, at)
    else t.same(told(ran), told(piped), `${at}: stderr`)
    seams++
  }
  fused++
}

/** What is wrong with words is told with its place in the pipe. */
function saysTheSame(t: Test, ran: Ran, piped: Ran, at: string): void {
  const messages = piped.stderr.split('\n').flatMap((line) => /^solder [a-z ]+: (.*)/.exec(line)?.[1] ?? [])
  for (const message of messages) t.ok(ran.stderr.includes(message), `${at} says: ${message}`, { stderr: ran.stderr })
}

for (const name of readdirSync(FOLDER).sort()) {
  const folder = `${FOLDER}/${name}`
  t.test(name, async (t) => {
    const stdin = read(`${folder}/input.ndjson`, '')
    const command = readFileSync(`${folder}/cmd`, 'utf8')
    const ran = await sh(command, { cwd: folder, stdin })
    if (update) {
      record(`${folder}/expected.ndjson`, ran.stdout, '')
      record(`${folder}/expected.stderr`, ran.stderr, '')
      record(`${folder}/expected.code`, `${ran.code}\n`, '0\n')
    }
    t.equal(ran.stdout, read(`${folder}/expected.ndjson`, ''), 'stdout')
    t.equal(ran.stderr, read(`${folder}/expected.stderr`, ''), 'stderr')
    t.equal(`${ran.code}\n`, read(`${folder}/expected.code`, '0\n'), 'exit code')
    const stages = await stagesOf(command)
    if (stages !== null) await compare(t as Test, stages, folder, stdin, ran)
  })
}

t.test('pipes that ran both ways', async (t) => {
  t.ok(fused > 30 && seams > fused, `${fused} pipes, ${seams} seams`)
})
