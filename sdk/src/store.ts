/** Where keys and sessions are kept between visits. */

import { LocalError } from "./errors.js";

/** Named values that survive the page, or do not. */
export interface Store {
  /** `memory` ends with the page. */
  readonly kind: "indexeddb" | "memory";
  /** The value; `undefined` if there is none. */
  get(name: string): Promise<unknown>;
  put(name: string, value: unknown): Promise<void>;
  /** Puts a value where there is none, and gives the one that is there then: two tabs get one value. */
  getOrPut(name: string, value: unknown): Promise<unknown>;
  delete(name: string): Promise<void>;
}

const VALUES = "values";
/** A browser that has not opened or answered after this does not: another tab can block it without end. */
const STORE_MS = 5_000;

/** A store that ends with the page or the process. */
export function memoryStore(): Store {
  const values = new Map<string, unknown>();
  return {
    kind: "memory",
    get: (name) => Promise.resolve(values.get(name)),
    put: (name, value) => Promise.resolve(void values.set(name, value)),
    getOrPut: (name, value) => {
      if (!values.has(name)) values.set(name, value);
      return Promise.resolve(values.get(name));
    },
    delete: (name) => Promise.resolve(void values.delete(name)),
  };
}

/**
 * The browser's own store (IndexedDB), or one in memory where there is none or it does not open.
 *
 * @param database the name of the database, one for each application of an origin
 * @param options `indexedDB`: another factory than the browser's
 */
export async function openStore(database = "quorate", options: { readonly indexedDB?: IDBFactory } = {}): Promise<Store> {
  const factory = options.indexedDB ?? (globalThis as { readonly indexedDB?: IDBFactory }).indexedDB;
  if (factory === undefined) return memoryStore();
  try {
    return indexedStore(await open(factory, database));
  } catch {
    return memoryStore();
  }
}

function open(factory: IDBFactory, database: string): Promise<IDBDatabase> {
  const asked = factory.open(database, 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore(VALUES);
  return inTime((resolve, reject) => {
    asked.onsuccess = () => {
      const { result } = asked;
      // Another tab may want to change the database: it is not held against that.
      result.onversionchange = () => result.close();
      resolve(result);
    };
    asked.onerror = () => reject(asked.error);
    asked.onblocked = () => reject(new Error("another tab blocks the store"));
  });
}

/** One transaction: its result, once it is written. */
function act(
  database: IDBDatabase, mode: IDBTransactionMode, run: (values: IDBObjectStore, give: (value: unknown) => void) => void,
): Promise<unknown> {
  return inTime((resolve, reject) => {
    const transaction = database.transaction(VALUES, mode);
    let given: unknown;
    transaction.oncomplete = () => resolve(given);
    transaction.onerror = () => reject(transaction.error);
    transaction.onabort = () => reject(transaction.error);
    run(transaction.objectStore(VALUES), (value) => {
      given = value;
    });
  });
}

function indexedStore(database: IDBDatabase): Store {
  return {
    kind: "indexeddb",
    get: (name) => act(database, "readonly", (values, give) => {
      const asked = values.get(name);
      asked.onsuccess = () => give(asked.result);
    }),
    put: async (name, value) => void (await act(database, "readwrite", (values) => values.put(value, name))),
    getOrPut: (name, value) => act(database, "readwrite", (values, give) => {
      const asked = values.get(name);
      asked.onsuccess = () => {
        give(asked.result ?? value);
        if (asked.result === undefined) values.put(value, name);
      };
    }),
    delete: async (name) => void (await act(database, "readwrite", (values) => values.delete(name))),
  };
}

async function inTime<T>(begin: (resolve: (value: T) => void, reject: (error: unknown) => void) => void): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error("the store does not answer")), STORE_MS);
      begin(resolve, reject);
    });
  } catch (error) {
    throw new LocalError("store_failed", "the browser's store does not take or give the value", { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
