/** What a file says, without the characters that a terminal would obey, and not by the screenful. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, '\ufffd').slice(0, 80);
}
