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
	answers, err := ask[*Case, *Record]("oracle.mjs", map[string]any{"jwks": json.RawMessage(jwks)}, cases)
	for i, answer := range answers {
		keys := cases[i].Options.Keys
		answer.Unavailable = keys != "" && answer.Reason == unavailable[keys]
	}
	return answers, err
}

// ask gives a script its set-up and then questions, each as a line of JSON,
// and gives the answers, in order.
func ask[Q, A any](script string, setUp any, questions []Q) ([]A, error) {
	node := exec.Command("node", script)
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
	go func() { sent <- send(in, setUp, questions) }()
	answers, err := receive[A](out, len(questions))
	if err != nil {
		return nil, err
	}
	if err := <-sent; err != nil {
		return nil, err
	}
	return answers, node.Wait()
}

func send[Q any](in io.WriteCloser, setUp any, questions []Q) error {
	w := bufio.NewWriter(in)
	lines := json.NewEncoder(w)
	if err := lines.Encode(setUp); err != nil {
		return err
	}
	for _, question := range questions {
		if err := lines.Encode(question); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return in.Close()
}

func receive[A any](out io.Reader, count int) ([]A, error) {
	lines := json.NewDecoder(out)
	answers := make([]A, count)
	for i := range answers {
		if err := lines.Decode(&answers[i]); err != nil {
			return nil, fmt.Errorf("answer %d of the reference: %w (was `npm ci` run?)", i, err)
		}
	}
	return answers, nil
}
