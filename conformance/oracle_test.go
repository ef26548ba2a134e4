// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// askReference runs Clerk's SDK on the cases and gives its answers, in order.
func askReference(jwks []byte, cases []*Case) ([]*Record, error) {
	node := exec.Command("node", "oracle.mjs")
	node.Stderr = os.Stderr
	in, err := node.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := node.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := node.Start(); err != nil {
		return nil, fmt.Errorf("starting node: %w", err)
	}
	sent := make(chan error, 1)
	go func() { sent <- send(in, jwks, cases) }()
	answers, err := receive(out, len(cases))
	if err != nil {
		return nil, err
	}
	if err := <-sent; err != nil {
		return nil, err
	}
	return answers, node.Wait()
}

func send(in io.WriteCloser, jwks []byte, cases []*Case) error {
	w := bufio.NewWriter(in)
	lines := json.NewEncoder(w)
	if err := lines.Encode(map[string]any{"jwks": json.RawMessage(jwks)}); err != nil {
		return err
	}
	for _, c := range cases {
		if err := lines.Encode(c); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return in.Close()
}

func receive(out io.Reader, count int) ([]*Record, error) {
	lines := json.NewDecoder(out)
	answers := make([]*Record, count)
	for i := range answers {
		if err := lines.Decode(&answers[i]); err != nil {
			return nil, fmt.Errorf("answer %d of the reference: %w (was `npm ci` run?)", i, err)
		}
		answers[i].Unavailable = answers[i].Reason == unavailable["outage"] || answers[i].Reason == unavailable["refused"]
	}
	return answers, nil
}
