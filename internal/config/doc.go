// Package config reads flags, environment and files the same way in every program. For each setting the first of these that is there counts:
//
//	--flag value  ▶  NAME in the environment  ▶  the file named by NAME_FILE  ▶  the YAML file of --config  ▶  the default
//
// In the YAML file keys are flag names; a section named like a command holds for that command alone.
//
// NAME_FILE is for secrets: an orchestrator mounts them as files, and they show neither in the process list nor in the environment.
package config
