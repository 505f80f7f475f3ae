// A pipeline file in its usual form: indentation by two, long pipes with a stage a line. Comments stay.

import { extname } from 'node:path'
import type { Document, Scalar } from 'yaml'
import { Problem, throwAll } from '../diag/problem.js'
import { placeOf } from '../pipeline/source.js'
import { splitPipe, type Word } from '../pipeline/words.js'
import type { Yaml } from './document.js'

/** A line is broken behind this, where it can be. */
const WIDTH = 100

/**
 * The text of a YAML or JSON file in its usual form, which stays the same from then on. Throws all Problems at once.
 */
export async function formatted(file: string, text: string): Promise<string> {
  const yaml = await import('yaml')
  const document = parsed(yaml, file, text)
  if (extname(file) === '.json') return JSON.stringify(document.toJS(), null, 2) + '\n'
  if (document.contents === null) return text
  const before = meaning(document)
  yaml.visit(document, {
    Node(key, node, path) {
      if (node.commentBefore) node.commentBefore = node.commentBefore.replace(/\n{2,}/g, '\n\n')
      const flow = path.some((one) => yaml.isCollection(one) && one.flow === true)
      if (yaml.isScalar(node) && key !== 'key' && !flow && isPipeText(path, yaml)) layOut(node)
    },
  })
  const result = document.toString({ indent: 2, lineWidth: WIDTH, flowCollectionPadding: false, minContentWidth: 0 })
  if (meaning(parsed(yaml, file, result)) !== before) {
    throw new Problem('this file cannot be formatted: it would mean something else', { place: { file } })
  }
  return result
}

function parsed(yaml: Yaml, file: string, text: string): Document {
  const document = yaml.parseDocument(text, { prettyErrors: false, uniqueKeys: false })
  throwAll(
    document.errors.map(({ message, pos }) => {
      const what = `not YAML: ${message[0].toLowerCase()}${message.slice(1)}`
      return new Problem(what, { place: placeOf(file, text, pos[0], pos[1]) })
    }),
  )
  return document
}

/** What a file says, with all the blanks of its texts alike. */
function meaning(document: Document): string {
  const alike = (_key: string, value: unknown) =>
    typeof value === 'string' ? value.trim().replace(/\s+/g, ' ') : value
  return JSON.stringify(document.toJS({ maxAliasCount: 10_000 }), alike)
}

/** Whether a scalar holds stages: below `pipes` or `define`, and not in a map of options. */
function isPipeText(path: readonly unknown[], yaml: Yaml): boolean {
  const keys = path.filter(yaml.isPair).map(({ key }) => String((key as { value?: unknown } | null)?.value))
  const [section, , field] = keys
  if (section === 'pipes') return keys.length === 2 || (keys.length === 3 && /^(from|through|to)$/.test(field))
  return section === 'define' && (keys.length === 2 || (keys.length === 3 && /^(pipe|from|through|to)$/.test(field)))
}

/** Puts each stage on a line of its own where there are several and they are long, or were on several lines. */
function layOut(node: Scalar): void {
  const { value } = node
  if (typeof value !== 'string') return
  const block = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED'
  const lines = linesOf(value)
  if (lines === null) return
  if (lines.length > 1 && (block || value.length > WIDTH)) {
    node.value = lines.join('\n') + (/\n$/.test(value) ? '\n' : '')
    node.type = 'BLOCK_LITERAL'
  } else if (!block) node.value = lines.join(' ')
}

/** The stages of a text, as they were written, one a line; null where something else than words stands between them. */
function linesOf(text: string): string[] | null {
  let stages: readonly (readonly Word[])[]
  try {
    stages = splitPipe({ name: '', text, expressions: true })
  } catch {
    return null
  }
  const starts = lineStarts(text)
  const lines: string[] = []
  let end = 0
  for (const stage of stages) {
    let line = lines.length === 0 ? '' : '| '
    for (const [i, word] of stage.entries()) {
      const start = starts[word.line - 1] + word.column - 1
      const gap = text.slice(end, start)
      if (!(i > 0 ? /^\s*$/ : lines.length > 0 ? /^\s*\|\s*(?:solder\s+)?$/ : /^\s*(?:solder\s+)?$/).test(gap))
        return null
      end = start + word.length
      line += `${i > 0 ? ' ' : gap.includes('solder') ? 'solder ' : ''}${text.slice(start, end)}`
    }
    lines.push(line)
  }
  return text.slice(end).trim() === '' ? lines : null
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}
