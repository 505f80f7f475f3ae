// The address of whoever sends.

/** Without what a socket for both IPv6 and IPv4 puts in front of the latter: `::ffff:192.0.2.1`. */
export function peerOf(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, '')
}
