// One copy of each label name and value: series repeat them, and every copy costs memory and is marked by collections.

/** Places for strings. What is new takes the place of another one, which costs a second copy of it if it comes again. */
const PLACES = 1 << 14
/** Longer ones hardly repeat. */
const MAX_LENGTH = 64

const strings = new Array<string>(PLACES).fill('')

/** Replaces the strings of a flat list by the copies already there. */
export function intern(list: string[]): string[] {
  for (let i = 0; i < list.length; i++) {
    const text = list[i]
    if (text.length > MAX_LENGTH) continue
    const place = placeOf(text)
    const known = strings[place]
    if (known === text) list[i] = known
    else strings[place] = text
  }
  return list
}

function placeOf(text: string): number {
  let hash = text.length
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return (hash ^ (hash >>> 14)) & (PLACES - 1)
}
