// How long users look at a page.

/** Seconds, between a tenth and three tenths. */
export function pause(): number {
  return 0.1 + Math.random() * 0.2;
}
