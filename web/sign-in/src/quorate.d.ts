// The client lies beside the element as a file of its own, as its build made it: an application uses the same one.
export * from "../../../sdk/dist/quorate.js";
