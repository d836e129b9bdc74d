// Makes a cell and reads an address.
// Gives: {"address":"EQAHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHB8Jh","hash":"6fbab2df90219106c8f26a42ddcbf48e5acda82f533589fc392a36488e4f60ae","bytes":"te6cckEBAQEALAAAUwAAAAWAAODg4ODg4ODg4ODg4ODg4ODg4ODg4ODg4ODg4ODg4ODostBeAbcO38k=","coins":"1500000000"}
import { Address, beginCell, toNano } from "npm:@ton/core@0.63.1";

export function main() {
  const address = new Address(0, Buffer.alloc(32, 7));
  const cell = beginCell().storeUint(5, 32).storeAddress(address).storeCoins(toNano("1.5")).endCell();
  return { address: address.toString(), hash: cell.hash().toString("hex"), bytes: cell.toBoc().toString("base64"), coins: cell.beginParse().skip(32 + 267).loadCoins().toString() };
}
