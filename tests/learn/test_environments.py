"""Agents learn in other environments than CarRacing: whole runs by the command line, minutes each."""

from __future__ import annotations

import pytest

from tests.program import racetui

EPISODES = 20
DQN = (
    *("--agent", "dqn", "--lanes", "4", "--frames", "60k"),
    *("--set", "agent.learning_rate=2e-3", "--set", "agent.updates_per_step=0.5", "--set", "agent.target_every=50"),
    *("--set", "agent.batch=64", "--set", "agent.round=128", "--set", "agent.warmup=1000"),
    *("--set", "agent.exploration=0.2", "--set", "agent.epsilon_end=0.04", "--set", "agent.replay=50000"),
)
LANDER = (
    *("--lanes", "16", "--frames", "500k", "--set", "agent.minibatch=64", "--set", "agent.gamma=0.999"),
    *("--set", "agent.gae_lambda=0.98", "--set", "agent.entropy=0.01"),
)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("env", "options", "least"),
    [
        ("CartPole-v1", ("--lanes", "8", "--frames", "200k"), 475.0),
        ("CartPole-v1", DQN, 400.0),
        ("LunarLander-v3", LANDER, 100.0),
        ("Pendulum-v1", ("--agent", "sac", "--lanes", "4", "--frames", "60k"), -250.0),
    ],
    ids=["ppo-pole", "dqn-pole", "ppo-lander", "sac-pendulum"],
)
def test_agents_get_there(env: str, options: tuple[str, ...], least: float) -> None:
    given = ("--env", env, "--collector", "sync", "--eval-every", "0", "--name", "learner")
    done = racetui("train", *given, *options, timeout=3000)
    assert done.code == 0, done.err
    scored = racetui("eval", "learner", "--checkpoint", "latest", "--episodes", str(EPISODES), "--json", timeout=600)
    assert scored.code == 0, scored.err
    mean = scored.json["results"]["mean"]
    print(f"\n{env} {mean:.1f}")
    assert mean >= least
