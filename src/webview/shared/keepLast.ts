/** Makes a value anew only when one of its inputs changed: charts and sorted lists are not made on every render. */
export function keepLast<Inputs extends readonly unknown[], Value>(
  make: (...inputs: Inputs) => Value,
): (...inputs: Inputs) => Value {
  let before: { readonly inputs: Inputs; readonly value: Value } | undefined;
  return (...inputs) => {
    if (before === undefined || inputs.some((input, i) => !Object.is(input, before?.inputs[i]))) {
      before = { inputs, value: make(...inputs) };
    }
    return before.value;
  };
}
