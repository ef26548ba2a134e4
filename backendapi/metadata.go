// SPDX-License-Identifier: Apache-2.0

package backendapi

import (
	"encoding/json"
	"fmt"
)

// Metadata makes what applications attach to users and organizations
// (https://clerk.com/docs/guides/users/extending) out of a value of their own,
// which must be an object in JSON.
func Metadata(value any) (json.RawMessage, error) {
	data, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("making metadata: %w", err)
	}
	if data[0] != '{' {
		return nil, fmt.Errorf("making metadata: expected what is an object in JSON, got %T", value)
	}
	return data, nil
}

// DecodeMetadata reads metadata into a type of the application's own. Where
// there is none, it is T's zero value.
func DecodeMetadata[T any](metadata json.RawMessage) (T, error) {
	var value T
	if len(metadata) == 0 {
		return value, nil
	}
	if err := json.Unmarshal(metadata, &value); err != nil {
		return value, fmt.Errorf("reading metadata: %w", err)
	}
	return value, nil
}
