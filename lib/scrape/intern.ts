// One copy of each label name and value: series repeat them, and every copy costs memory and is marked by collections.

/** Strings held; they are forgotten together, which costs a second copy of those that come again. */
const MAX_STRINGS = 1 << 16
/** Longer ones hardly repeat. */
const MAX_LENGTH = 64

const strings = new Map<string, string>()

/** Replaces the strings of a flat list by the copies already there. */
export function intern(list: string[]): string[] {
  if (strings.size > MAX_STRINGS) strings.clear()
  for (let i = 0; i < list.length; i++) {
    const text = list[i]
    if (text.length > MAX_LENGTH) continue
    const known = strings.get(text)
    if (known === undefined) strings.set(text, text)
    else list[i] = known
  }
  return list
}
