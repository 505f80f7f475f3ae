// Times for people: of today the time, of other days the date too.

const pad = (n: number, width: number) => String(n).padStart(width, '0')

/** Columns of a time of today. */
export const TIME_WIDTH = 12

/** @param now Unix milliseconds that tell what day is today */
export function momentText(millis: number, now: number, utc: boolean): string {
  const date = new Date(millis)
  if (Number.isNaN(date.getTime())) return `${millis} ms`
  const day = dayOf(date, utc)
  const parts = utc
    ? [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
    : [date.getHours(), date.getMinutes(), date.getSeconds()]
  const time = `${parts.map((part) => pad(part, 2)).join(':')}.${pad(date.getMilliseconds(), 3)}`
  return day === dayOf(new Date(now), utc) ? time : `${day} ${time}`
}

function dayOf(date: Date, utc: boolean): string {
  const [year, month, day] = utc
    ? [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]
    : [date.getFullYear(), date.getMonth(), date.getDate()]
  return `${pad(year, 4)}-${pad(month + 1, 2)}-${pad(day, 2)}`
}
