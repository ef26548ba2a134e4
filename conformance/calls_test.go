// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/backendapi"
)

// apiCall is one call of the Backend API, made with both clients.
type apiCall struct {
	// reference is the call as the reference's users write it.
	reference string
	ours      func(ctx context.Context, c *backendapi.Client)
	// differs has what is otherwise on purpose; nil for nothing.
	differs []callDifference
}

const (
	callsSecret        = "sk_test_conformance"
	callsMachineSecret = "ak_conformance"
)

// Each call asks the Backend API for the same as the reference's: method, path,
// query, headers and body.
func TestCallsConformance(t *testing.T) {
	reference, ours := newRecorder(t), newRecorder(t)
	outcomes := callReference(t, reference.URL)
	shown := map[string]int{}
	for i, call := range apiCalls {
		client, err := backendapi.New(backendapi.Options{
			SecretKey: callsSecret, MachineSecretKey: callsMachineSecret,
			APIURL: fmt.Sprintf("%s/%d", ours.URL, i), Retry: new(backendapi.RetryPolicy),
		})
		if err != nil {
			t.Fatal(err)
		}
		call.ours(t.Context(), client)
		want, got := reference.of(i), ours.of(i)
		if len(want) == 0 {
			t.Errorf("%s: the reference sent nothing: %s", call.reference, outcomes[i].Error)
			continue
		}
		for _, difference := range call.differs {
			if reflect.DeepEqual(want, got) {
				t.Errorf("%s: expected the difference %s, got none", call.reference, difference.name)
			}
			shown[difference.name]++
			want = difference.otherwise(want)
		}
		if len(want)+len(got) > 0 && !reflect.DeepEqual(want, got) {
			t.Errorf("%s:\nexpected %s\ngot      %s", call.reference, jsonText(t, want), jsonText(t, got))
		}
	}
	for name, reason := range callDifferences {
		if shown[name] == 0 {
			t.Errorf("the difference %s never showed", name)
		}
		t.Logf("%s, %d: %s", name, shown[name], reason)
	}
	t.Logf("%d calls", len(apiCalls))
}

type outcome struct {
	Error string `json:"error"`
}

// callReference has the reference make the calls.
func callReference(t *testing.T, address string) []outcome {
	t.Helper()
	calls := make([]string, len(apiCalls))
	for i, call := range apiCalls {
		calls[i] = call.reference
	}
	setUp := map[string]any{
		"address": address,
		"options": map[string]string{"secretKey": callsSecret, "machineSecretKey": callsMachineSecret},
	}
	outcomes, err := ask[string, outcome]("calls.mjs", setUp, calls)
	if err != nil {
		t.Fatal(err)
	}
	return outcomes
}

func jsonText(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
