// Labels in one string: most label sets have the names of many others, which stand once. Measured, five labels take 400
// bytes as strings of their own, 100 as one.

import type { Labels } from './labels.js'

/** Between texts; label sets that hold it are not packed. */
const SEPARATOR = '\0'
/** Lists of names that are known by a number, which is one character of one byte; from 1 on. */
const MOST = 255
const known: string[][] = [[]]
const numbers = new Map<string, number>()

/** null where labels cannot be packed. */
export function packLabels(labels: Labels): string | null {
  if (labels.length === 0) return null
  const names: string[] = []
  const values: string[] = []
  for (let i = 0; i < labels.length; i += 2) {
    names.push(labels[i])
    values.push(labels[i + 1])
  }
  const number = numberOf(names)
  const texts = number === 0 ? [...names, ...values] : values
  // In front of the first text: joined, all are one string; added to one, it would be kept in two.
  texts[0] = String.fromCharCode(number) + texts[0]
  const packed = texts.join(SEPARATOR)
  return separatorsIn(packed) === texts.length - (number === 0 ? 0 : 1) ? packed : null
}

export function unpackLabels(packed: string): Labels {
  const texts = packed.slice(1).split(SEPARATOR)
  const number = packed.charCodeAt(0)
  const names = number === 0 ? texts.splice(0, texts.length / 2) : known[number]
  const labels = new Array<string>(2 * names.length)
  for (let i = 0; i < names.length; i++) {
    labels[2 * i] = names[i]
    labels[2 * i + 1] = texts[i]
  }
  return labels
}

/** 0 for names that have none. */
function numberOf(names: string[]): number {
  const key = names.join(SEPARATOR)
  if (separatorsIn(key) !== names.length - 1) return 0
  const number = numbers.get(key)
  if (number !== undefined) return number
  if (known.length > MOST) return 0
  numbers.set(key, known.length)
  return known.push(names) - 1
}

function separatorsIn(text: string): number {
  let count = 0
  for (let at = text.indexOf(SEPARATOR); at >= 0; at = text.indexOf(SEPARATOR, at + 1)) count++
  return count
}
