// `npm test`: runs the compiled tests and ends with the counts. `--quick` leaves out the peers and the chaos; words that are
// no flags choose test files by a part of their path.

import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const words = process.argv.slice(2)
const quick = words.includes('--quick')
const wanted = words.filter((word) => !word.startsWith('--'))
const OUTPUT = join(root, '.tap', 'out.tap')

const files = readdirSync(join(root, 'dist', 'test'), { recursive: true })
  .filter((name) => name.endsWith('.test.js'))
  .filter((name) => !quick || !/^(peers|chaos)\//.test(name))
  .filter((name) => wanted.length === 0 || wanted.some((word) => name.includes(word)))
  // The longest first: they set the time of the whole.
  .sort((a, b) => weight(b) - weight(a) || (a < b ? -1 : 1))
  .map((name) => join('dist', 'test', name))

function weight(name) {
  return /^(peers|chaos)\//.test(name) ? 2 : /^(contract|conformance|golden)/.test(name) ? 1 : 0
}

mkdirSync(join(root, '.tap'), { recursive: true })
const reporter = process.stdout.isTTY ? 'terse' : 'silent'
// The seed of properties: a failure in one clone is the same in the next. A tree without history draws its own.
const tree = spawnSync('git', ['rev-parse', 'HEAD^{tree}'], { cwd: root, encoding: 'utf8' }).stdout?.trim()
const seed = process.env.SOLDER_SEED ?? (tree ? String(Number.parseInt(tree.slice(0, 7), 16)) : '')
const tap = join(root, 'node_modules', 'tap', 'dist', 'esm', 'run.mjs')
const ran = spawnSync(
  process.execPath,
  [tap, 'run', '--disable-coverage', '--allow-empty-coverage', '--jobs=2', '--timeout=600', `--reporter=${reporter}`, `--output-file=${OUTPUT}`, ...files],
  { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, SOLDER_SEED: seed } },
)

const text = readFileSync(OUTPUT, 'utf8')
printFailures(text)
printSkips(text)
const totals = /^# \{([^}]*)\}\s*$/m.exec(text.slice(text.lastIndexOf('\n# {')))
const count = (word) => Number(new RegExp(`\\b${word}: (\\d+)`).exec(totals?.[1] ?? '')?.[1] ?? 0)
const failed = count('fail') + count('todo') || (ran.status === 0 ? 0 : 1)
console.log(`${count('pass')} passed, ${failed} failed, ${count('skip')} skipped`)
process.exitCode = ran.status === 0 && totals !== null ? 0 : 1

function printFailures(tapText) {
  const lines = tapText.split('\n')
  for (let i = 0; i < lines.length; i++) {
    if (/^\s*not ok /.test(lines[i])) {
      console.log(lines[i])
      if (/^\s*---$/.test(lines[i + 1] ?? '')) {
        for (i++; i < lines.length && !/^\s*\.\.\.$/.test(lines[i]); i++) console.log(lines[i])
      }
    }
  }
}

function printSkips(tapText) {
  const reasons = new Map()
  for (const [, reason] of tapText.matchAll(/# SKIP (.*)$/gm)) reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  for (const [reason, times] of reasons) console.log(`skipped ${times}: ${reason}`)
}
