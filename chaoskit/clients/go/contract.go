// The client's end of the contract (docs/creating-a-client.md): plan and orders in, events out, and when calls are due.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	parentGone       = 125
	messageLengthMax = 400
)

// Plan is the first line on standard input: chaoskit.clients.sdk.SdkPlan.
type Plan struct {
	Client           string  `json:"client"`
	Service          string  `json:"service"`
	Region           string  `json:"region"`
	Connection       string  `json:"connection"`
	EveryNs          int64   `json:"every_ns"`
	BurstSize        int     `json:"burst_size"`
	BurstEveryNs     int64   `json:"burst_every_ns"`
	RetryMode        *string `json:"retry_mode"`
	MaxAttempts      *int    `json:"max_attempts"`
	ConnectTimeoutNs *int64  `json:"connect_timeout_ns"`
	ReadTimeoutNs    *int64  `json:"read_timeout_ns"`
}

type order struct {
	Do     string `json:"do"`
	Origin int64  `json:"origin"`
	Ends   int64  `json:"ends"`
}

type event map[string]any

type link struct {
	Type    string `json:"type"`
	Message string `json:"message"`
	Errno   *int   `json:"errno"`
}

// now is the instant on CLOCK_MONOTONIC, in nanoseconds; Go's own time does not give it.
func now() int64 {
	var instant unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &instant); err != nil {
		fail(err)
	}
	return instant.Nano()
}

var out sync.Mutex

func tell(kind string, at int64, fields event) {
	fields["kind"], fields["at"] = kind, at
	line, err := json.Marshal(fields)
	if err != nil {
		fail(err)
	}
	out.Lock()
	defer out.Unlock()
	if _, err := os.Stdout.Write(append(line, '\n')); err != nil {
		os.Exit(parentGone)
	}
}

// fail ends the process for an error of its own, which must never look like a failed call.
func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(4)
}

// errorChain is an error and all that is behind it, outermost first.
func errorChain(err error) []link {
	links := []link{}
	for waiting := []error{err}; len(waiting) > 0; {
		current := waiting[0]
		waiting = waiting[1:]
		if current == nil {
			continue
		}
		entry := link{Type: strings.TrimPrefix(fmt.Sprintf("%T", current), "*"), Message: current.Error()}
		if len(entry.Message) > messageLengthMax {
			entry.Message = strings.ToValidUTF8(entry.Message[:messageLengthMax], "")
		}
		if errno, is := current.(syscall.Errno); is {
			number := int(errno)
			entry.Errno = &number
		}
		links = append(links, entry)
		if several, is := current.(interface{ Unwrap() []error }); is {
			waiting = append(waiting, several.Unwrap()...)
		} else {
			waiting = append(waiting, errors.Unwrap(current))
		}
	}
	return links
}

// input reads the plan and then orders, until the parent is gone.
func input() (Plan, <-chan order) {
	lines := bufio.NewReader(os.Stdin)
	var plan Plan
	line, err := lines.ReadBytes('\n')
	if err != nil {
		os.Exit(parentGone)
	}
	if err := json.Unmarshal(line, &plan); err != nil {
		fail(err)
	}
	starts := make(chan order, 1)
	go func() {
		for {
			line, err := lines.ReadBytes('\n')
			if err != nil {
				os.Exit(parentGone)
			}
			var given order
			if err := json.Unmarshal(line, &given); err != nil {
				fail(err)
			}
			switch given.Do {
			case "start":
				starts <- given
			case "stop":
				out.Lock() // not in the middle of a line
				os.Exit(0)
			}
		}
	}()
	return plan, starts
}

type slot struct {
	number     int64
	due        int64
	concurrent bool
}

// drive makes every call that falls due: chaoskit's lanes, a grid from the origin, skipping what falls due while a lane is busy.
func drive(plan Plan, start order, call func(slot)) {
	var numbers, underWay atomic.Int64
	lane := func(every, first int64, size int) {
		dueAfter := func(instant int64) int64 {
			since := instant - start.Origin - first
			if since <= 0 {
				return start.Origin + first
			}
			return start.Origin + first + (since+every-1)/every*every
		}
		for due := dueAfter(now()); due < start.Ends; due = dueAfter(max(now(), due+1)) {
			time.Sleep(time.Duration(due - now()))
			var group sync.WaitGroup
			for range size {
				group.Add(1)
				go func() {
					defer group.Done()
					beside := underWay.Add(1) > 1
					call(slot{numbers.Add(1), due, size > 1 || beside})
					underWay.Add(-1)
				}()
			}
			group.Wait()
		}
	}
	var lanes sync.WaitGroup
	lanes.Add(1)
	go func() { defer lanes.Done(); lane(plan.EveryNs, 0, 1) }()
	if plan.Connection == "burst" {
		lanes.Add(1)
		go func() { defer lanes.Done(); lane(plan.BurstEveryNs, plan.BurstEveryNs/2, plan.BurstSize) }()
	}
	lanes.Wait()
}
