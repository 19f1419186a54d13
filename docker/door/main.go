// door waits in a container whose image has no Python for the run that its client belongs to: chaoskit/sandbox/door.py in Go, for the same
// protocol. `door -listen PORT COMMAND…` starts COMMAND for each connection, which is its standard input and output, and adds a line at
// its end with its exit code and the end of its standard error. `door -check PORT` tells whether something waits there.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"
)

const (
	leaveWithin      = 3 * time.Second
	longestComplaint = 20
)

type ending struct {
	Code       int      `json:"code"`
	Complaints []string `json:"complaints"`
}

func main() {
	listen := flag.String("listen", "", "the port to wait at")
	check := flag.String("check", "", "the port to look at")
	flag.Parse()
	if *check != "" {
		connection, err := net.DialTimeout("tcp", "127.0.0.1:"+*check, time.Second)
		if err != nil {
			os.Exit(1)
		}
		connection.Close()
		return
	}
	ending := make(chan os.Signal, 1)
	signal.Notify(ending, syscall.SIGTERM)
	go func() {
		<-ending // as process 1 of a container; the command ends with it
		os.Exit(0)
	}()
	server, err := net.Listen("tcp", ":"+*listen)
	if err != nil || flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "door: -listen PORT COMMAND…", err)
		os.Exit(2)
	}
	fmt.Fprintln(os.Stderr, "waiting at port", *listen, flag.Args())
	for {
		connection, err := server.Accept()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(4)
		}
		serve(bufio.NewReader(connection), connection, flag.Args())
		connection.Close()
	}
}

// serve lets the command speak with whoever connected, until one of them is gone.
func serve(said *bufio.Reader, connection net.Conn, command []string) {
	if _, err := said.Peek(1); err != nil {
		return // a health check connects and says nothing
	}
	child := exec.Command(command[0], command[1:]...)
	input, _ := child.StdinPipe()
	complaints, _ := child.StderrPipe()
	child.Stdout = connection
	if err := child.Start(); err != nil {
		finish(connection, ending{4, []string{err.Error()}})
		return
	}
	go func() {
		io.Copy(input, said)
		input.Close() // the run is gone, and with its input the client ends
		time.AfterFunc(leaveWithin, func() { child.Process.Kill() })
	}()
	last := []string{}
	for lines := bufio.NewScanner(complaints); lines.Scan(); {
		fmt.Fprintln(os.Stderr, lines.Text())
		if last = append(last, lines.Text()); len(last) > longestComplaint {
			last = last[1:]
		}
	}
	code := 0
	if err := child.Wait(); err != nil {
		code = 4
		var exited *exec.ExitError
		if errors.As(err, &exited) {
			code = exited.ExitCode()
		}
	}
	finish(connection, ending{code, last})
}

func finish(connection net.Conn, how ending) {
	line, _ := json.Marshal(map[string]ending{"chaoskit_door": how})
	connection.Write(append(line, '\n'))
}
