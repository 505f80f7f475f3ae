// Label sets on a line: in full, or as much as there is room for.

import { getLabel, type Labels } from '../record/labels.js'
import type { Paint } from './style.js'
import { cut, quoted, safe } from './text.js'

/** Text with colours, and the columns that it takes. */
export interface Cell {
  text: string
  width: number
}

/** Labels that most series of a stream share; they give way first. */
const COMMON = ['job', 'instance']
/** Columns of a long value that are shown where there is not room for all. */
const LONG_VALUE = { least: 8, most: 40 }

/**
 * `{a="1",b="2"}`; where that takes more than `room` columns, the common labels, then the last ones are only counted:
 * `{a="1",+1}`.
 */
export function labelsCell(labels: Labels, room: number, paint: Paint): Cell {
  if (labels.length === 0) return { text: '', width: 0 }
  const names = labels.filter((_, i) => i % 2 === 0)
  const pairs = new Map(names.map((name) => [name, pairOf(name, getLabel(labels, name), Infinity)]))
  const common = names.filter((name) => COMMON.includes(name))
  const order = [...common, ...names.filter((name) => !common.includes(name)).reverse()]
  const widthOf = () => [...pairs.values()].reduce((sum, pair) => sum + pair.width + 1, 1)
  if (widthOf() > room) {
    const longest = Math.max(LONG_VALUE.least, Math.min(LONG_VALUE.most, room >> 1))
    for (const name of names) pairs.set(name, pairOf(name, getLabel(labels, name), longest))
  }
  let left = 0
  for (const name of order) {
    if (widthOf() + (left > 0 ? 4 : 0) <= room) break
    pairs.delete(name)
    left++
  }
  const shown = [...pairs.values()].map((pair) => pair.name + paint('dim', '=') + paint('cyan', pair.value))
  if (left > 0) shown.push(paint('dim', `+${left}`))
  const width = widthOf() + (left > 0 ? String(left).length + 2 : 0)
  return { text: paint('dim', '{') + shown.join(paint('dim', ',')) + paint('dim', '}'), width }
}

function pairOf(name: string, value: string, longest: number): { name: string; value: string; width: number } {
  const shown = safe(name)
  const text = quoted(cut(value, longest))
  return { name: shown, value: text, width: shown.length + 1 + text.length }
}
