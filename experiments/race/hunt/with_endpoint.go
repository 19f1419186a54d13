// Run a program of ExternalDNS with one record as its desired state, which its connector source (encoding/gob over TCP) gets from here.
//
// Usage: with_endpoint NAME TYPE TARGET COMMAND...
package main

import (
	"encoding/gob"
	"log"
	"net"
	"os"
	"os/exec"
)

// endpoint has those fields of ExternalDNS's endpoint.Endpoint that are needed; gob matches fields by their names.
type endpoint struct {
	DNSName    string
	Targets    []string
	RecordType string
	RecordTTL  int64
}

func serve(listener net.Listener, desired []*endpoint) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		if err := gob.NewEncoder(connection).Encode(desired); err != nil {
			log.Print(err)
		}
		connection.Close()
	}
}

func main() {
	if len(os.Args) < 5 {
		log.Fatal("usage: with_endpoint NAME TYPE TARGET COMMAND...")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go serve(listener, []*endpoint{{DNSName: os.Args[1], RecordType: os.Args[2], Targets: []string{os.Args[3]}, RecordTTL: 60}})
	command := exec.Command(os.Args[4], os.Args[5:]...)
	command.Env = append(os.Environ(), "EXTERNAL_DNS_SOURCE=connector", "EXTERNAL_DNS_CONNECTOR_SOURCE_SERVER="+listener.Addr().String())
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	if err := command.Run(); err != nil {
		log.Fatal(err)
	}
}
