// What every page of the console does: asks fogbank, fills its lists, says whether it is heard.

export const at = (id) => document.getElementById(id);

/** A function that asks a page of fogbank's API; it throws what the answer says of an error. */
export function asker(api) {
  return async (path, options) => {
    const answer = await fetch(`${api}${path}`, { cache: "no-store", ...options });
    const value = await answer.json();
    if (!answer.ok) throw new Error(value.message || `${answer.status}`);
    return value;
  };
}

/** Has a select offer these choices, [value, text] each; it is not touched where it offers them already. */
export function fill(select, choices, chosen) {
  const made = choices.map(([value, text]) => {
    const option = document.createElement("option");
    option.value = value;
    option.textContent = text;
    return option;
  });
  const before = [...select.options].map((one) => `${one.value}\n${one.textContent}`).join("\n");
  if (before !== made.map((one) => `${one.value}\n${one.textContent}`).join("\n")) select.replaceChildren(...made);
  select.value = chosen;
}

/** Says in the header how it goes; a reader of the screen hears it only when it changes. */
export function said(text, how) {
  const pill = at("live");
  if (pill.textContent !== text) pill.textContent = text;
  pill.dataset.state = how;
}
