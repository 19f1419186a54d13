// One lookup as every connection of Node makes it: dns.lookup, which asks the C library.
require("dns").lookup(process.argv[2], { all: true }, (error, found) =>
  console.log(error ? error.code : found.map((one) => one.address).join(" ")));
