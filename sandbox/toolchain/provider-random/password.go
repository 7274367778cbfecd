package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// Values are a RandomPassword's inputs by name, as they come over the wire.
type Values = map[string]any

// Every input but length, which has no default.
var defaults = Values{
	"lower":           true,
	"upper":           true,
	"numeric":         true,
	"special":         true,
	"minLower":        0.0,
	"minUpper":        0.0,
	"minNumeric":      0.0,
	"minSpecial":      0.0,
	"overrideSpecial": "",
	"keepers":         Values{},
}

// Recipe is what a password is made by.
type Recipe struct {
	Length          int    `json:"length"`
	Lower           bool   `json:"lower"`
	Upper           bool   `json:"upper"`
	Numeric         bool   `json:"numeric"`
	Special         bool   `json:"special"`
	MinLower        int    `json:"minLower"`
	MinUpper        int    `json:"minUpper"`
	MinNumeric      int    `json:"minNumeric"`
	MinSpecial      int    `json:"minSpecial"`
	OverrideSpecial string `json:"overrideSpecial"`
}

// Failure is what is wrong with an input, for who wrote it.
type Failure struct{ Property, Reason string }

func (failure Failure) Error() string { return failure.Reason }

// complete fills in what was left out; `number` is the old name of `numeric`.
func complete(given Values) Values {
	all := maps.Clone(defaults)
	if number := given["number"]; number != nil {
		all["numeric"] = number
	}
	for name, value := range given {
		if value != nil {
			all[name] = value
		}
	}
	return all
}

// recipeOf reads complete inputs. The error is a Failure where they are not what a password can be made by.
func recipeOf(inputs Values) (Recipe, error) {
	text, err := json.Marshal(inputs)
	if err != nil {
		return Recipe{}, err
	}
	var recipe Recipe
	var wrong *json.UnmarshalTypeError
	if err := json.Unmarshal(text, &recipe); errors.As(err, &wrong) {
		return recipe, Failure{wrong.Field, fmt.Sprintf("%s must be of type %s, not %s", wrong.Field, wrong.Type, wrong.Value)}
	} else if err != nil {
		return recipe, err
	}
	return recipe, recipe.check()
}

func (recipe Recipe) check() error {
	minima := map[string]int{
		"minLower":   recipe.MinLower,
		"minUpper":   recipe.MinUpper,
		"minNumeric": recipe.MinNumeric,
		"minSpecial": recipe.MinSpecial,
	}
	sum := 0
	for _, name := range slices.Sorted(maps.Keys(minima)) {
		if minima[name] < 0 {
			return Failure{name, fmt.Sprintf("%s (%d) must be 0 or more", name, minima[name])}
		}
		sum += minima[name]
	}
	switch {
	case recipe.Length < 1:
		return Failure{"length", fmt.Sprintf("length (%d) must be a whole number of 1 or more", recipe.Length)}
	case recipe.Length < sum:
		return Failure{"length", fmt.Sprintf("length (%d) must not be less than the sum of the minima (%d)", recipe.Length, sum)}
	case !recipe.Lower && !recipe.Upper && !recipe.Numeric && !recipe.Special:
		return Failure{"special", "at least one of lower, upper, numeric and special must be true"}
	}
	return nil
}

// changed names the inputs that differ; any of them means another password, as with the official provider.
func changed(olds, news Values) []string {
	olds, news = complete(olds), complete(news)
	names := append(slices.Sorted(maps.Keys(defaults)), "length")
	return slices.DeleteFunc(names, func(name string) bool { return reflect.DeepEqual(olds[name], news[name]) })
}

const (
	lowers   = "abcdefghijklmnopqrstuvwxyz"
	uppers   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	numerics = "0123456789"
	specials = "!@#$%&*()-_=+[]{}<>:?"
)

// password makes one that honours the recipe. below(n) is a random whole number from 0 to n - 1.
func password(recipe Recipe, below func(n int) int) string {
	special := recipe.OverrideSpecial
	if special == "" {
		special = specials
	}
	var all, made []rune
	pick := func(set []rune) { made = append(made, set[below(len(set))]) }
	for _, kind := range []struct {
		wanted bool
		set    string
		least  int
	}{
		{recipe.Lower, lowers, recipe.MinLower},
		{recipe.Upper, uppers, recipe.MinUpper},
		{recipe.Numeric, numerics, recipe.MinNumeric},
		{recipe.Special, special, recipe.MinSpecial},
	} {
		set := []rune(kind.set)
		if kind.wanted {
			all = append(all, set...)
		}
		for range kind.least {
			pick(set)
		}
	}
	for len(made) < recipe.Length {
		pick(all)
	}
	for at := len(made) - 1; at > 0; at-- {
		other := below(at + 1)
		made[at], made[other] = made[other], made[at]
	}
	return string(made)
}
