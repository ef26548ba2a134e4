// SPDX-License-Identifier: Apache-2.0

package backendapi

import "encoding/json"

// Optional is a value that may be absent or null. Clerk tells the two apart: a
// member that a request lacks stays as it is, one that is null is taken away.
// The zero Optional is absent.
//
//	params.FirstName = backendapi.Some("Ada")
//	params.LastName = backendapi.Null[string]()
//
// Lists, maps and json.RawMessage need none: nil is absent, and no other value
// is. In a query, where there is no null, null is absent, too.
type Optional[T any] struct {
	value T
	state state
}

type state uint8

const (
	absent state = iota
	null
	present
)

// Some gives an Optional that has a value, which may well be T's zero value.
func Some[T any](value T) Optional[T] { return Optional[T]{value, present} }

// Null gives an Optional that is null.
func Null[T any]() Optional[T] { return Optional[T]{state: null} }

// Get gives the value, and whether there is one.
func (o Optional[T]) Get() (T, bool) { return o.value, o.state == present }

// Or gives the value, or another one when there is none.
func (o Optional[T]) Or(other T) T {
	if o.state == present {
		return o.value
	}
	return other
}

// IsNull tells whether it is null.
func (o Optional[T]) IsNull() bool { return o.state == null }

// IsZero tells whether it is absent, for the option omitzero of encoding/json.
func (o Optional[T]) IsZero() bool { return o.state == absent }

// MarshalJSON implements json.Marshaler. What is absent and yet not left out is
// null.
func (o Optional[T]) MarshalJSON() ([]byte, error) {
	if o.state != present {
		return []byte("null"), nil
	}
	return json.Marshal(o.value)
}

// UnmarshalJSON implements json.Unmarshaler.
func (o *Optional[T]) UnmarshalJSON(data []byte) error {
	*o = Optional[T]{state: null}
	if string(data) == "null" {
		return nil
	}
	o.state = present
	return json.Unmarshal(data, &o.value)
}

// inQuery gives the value for a query.
func (o Optional[T]) inQuery() (any, bool) { return o.value, o.state == present }
