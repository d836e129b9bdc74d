/** Elements out of data. Text becomes text, never markup. */

export type Child = Node | string | null | false | readonly Child[];

interface Props {
  readonly class?: string | undefined;
  readonly click?: () => void;
  /** Any other attribute; `false` leaves it out. */
  readonly [attribute: string]: string | boolean | (() => void) | undefined;
}

export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: readonly Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== false && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  append(element, children);
  return element;
}

function append(parent: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (Array.isArray(child)) append(parent, child as readonly Child[]);
    else if (child !== null && child !== false) parent.append(child as Node | string);
  }
}
