// Before `npm start` and `npm test`: checks Node, installs the packages of the lock file, builds. Quick when nothing
// changed. Plain JavaScript without packages: there may be none yet.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const LOCK = join(root, 'package-lock.json')
/** What npm leaves in every tree that it installed. */
const INSTALLED = join(root, 'node_modules', '.package-lock.json')
const STAMP = join(root, 'node_modules', '.solder-setup')
const COMPILER = join(root, 'node_modules', 'typescript-native', 'bin', 'tsc')

checkNode()
if (!isInstalled()) install()
build()

function checkNode() {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const wanted = engines.node.replace('>=', '')
  const [major, minor] = process.versions.node.split('.').map(Number)
  const [wantedMajor, wantedMinor = 0] = wanted.split('.').map(Number)
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return
  fail(`solder needs Node ${wanted} or later; this is Node ${process.versions.node} (${process.execPath}).`)
}

/** A lock file that git has touched without changing it is still the same: its text counts before its time. */
function isInstalled() {
  if (!existsSync(INSTALLED) || !existsSync(COMPILER)) return false
  if (existsSync(STAMP)) return readFileSync(STAMP, 'utf8') === lockHash()
  return statSync(INSTALLED).mtimeMs >= statSync(LOCK).mtimeMs
}

function lockHash() {
  return createHash('sha256').update(readFileSync(LOCK)).digest('hex')
}

function install() {
  say('Installing packages (npm ci), half a minute or so …')
  // The npm that runs this script, if one does. Development packages hold the compiler.
  const words = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']
  const npm = process.env.npm_execpath
  const [program, first] = npm?.endsWith('.js') === true ? [process.execPath, [npm]] : ['npm', []]
  const ran = spawnSync(program, [...first, ...words], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  const why = ran.error === undefined ? '' : ` (${ran.error.message})`
  if (ran.status !== 0) fail(`npm ci failed${why}: is the npm registry within reach?`)
  writeFileSync(STAMP, lockHash())
}

function build() {
  if (!existsSync(join(root, 'dist'))) say('Building …')
  const ran = spawnSync(process.execPath, [COMPILER, '-p', '.'], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  if (ran.status !== 0) fail('The build failed, see above.')
}

function say(text) {
  process.stderr.write(`${text}\n`)
}

function fail(text) {
  say(text)
  process.exit(1)
}
