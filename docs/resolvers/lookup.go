// One lookup by Go's own resolver (CGO_ENABLED=0).
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
)

func main() {
	found, err := net.DefaultResolver.LookupHost(context.Background(), os.Args[1])
	if dns, ok := err.(*net.DNSError); ok {
		fmt.Printf("%s; IsNotFound %t, IsTimeout %t, IsTemporary %t\n", dns.Err, dns.IsNotFound, dns.IsTimeout, dns.IsTemporary)
		return
	}
	fmt.Println(strings.Join(found, " "))
}
