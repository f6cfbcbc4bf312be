"""From a service and a place to a control room, with the rule, the odds and the reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from math import isfinite

from intake.control_room import ControlRoom, RoomId, Service
from intake.errors import NotFound
from intake.location import STATED_CONFIDENCE_PCT, CallerLocation
from intake.routing.abroad import ABROAD, ELSEWHERE, Neighbour
from intake.routing.areas import AreaMap
from intake.routing.decision import AreaChance, Candidate, RoutingDecision
from intake.routing.grounds import Grounds, read_policy, read_register, write_policy, write_register
from intake.routing.place import REACH_FACTOR, REACH_M, Place, PlaceKind, distance, find_place
from intake.routing.policy import TO_AREA, RoutePolicy, Rule, Situation
from intake.routing.projection import to_grid
from intake.routing.saying import SAYING
from intake.sentences import JOINT

_CO = STATED_CONFIDENCE_PCT / 100

# GSS codes carry their country in the first letter; gates are countries of their own.
_COUNTRIES = {"E": "england", "W": "wales", "S": "scotland", "NI": "northern-ireland"}


class RegionalRouter:
    """Pure and total (implements ``ports.Router``).

    ``answers`` gives, for each territorial service, the room of each area of the map by number, None
    for areas abroad; ``networks`` the one room of a service that covers the country and its seas.
    """

    def __init__(
        self,
        areas: AreaMap,
        rooms: Mapping[RoomId, ControlRoom],
        answers: Mapping[Service, Sequence[RoomId | None]],
        networks: Mapping[Service, RoomId],
        policy: RoutePolicy,
        neighbours: Mapping[str, Neighbour] | None = None,
    ) -> None:
        self._areas = areas
        self._rooms = dict(rooms)
        self._answers = answers
        self._networks = dict(networks)
        self._abroad = {number: ABROAD[code] for number, code in enumerate(areas.codes) if code in ABROAD}
        self._policy = policy
        self._default = RoomId(policy.default_room)
        self._neighbours = dict(neighbours or {})

    @classmethod
    def of(cls, areas: AreaMap, grounds: Grounds) -> RegionalRouter:
        """The router that stood on these grounds; raises msgspec.MsgspecError or ValueError when this
        version cannot read them, KeyError when they are another map's."""
        stood = read_register(grounds.register)
        answers = {
            service: tuple(found[code] for code in areas.codes) for service, found in stood.answers.items()
        }
        policy = RoutePolicy(read_policy(grounds.policy))
        return cls(areas, stood.control_rooms(), answers, stood.networks, policy)

    @cached_property
    def grounds(self) -> Grounds:
        """The policy and the register as far as they decide, to be kept with what they decided."""
        register = write_register(self._areas.codes, self._rooms, self._answers, self._networks)
        return Grounds(policy=write_policy(self._policy.rules), register=register)

    def rule(self, rule_id: str) -> Rule | None:
        return next((rule for rule in self._policy.rules if rule.id == rule_id), None)

    @property
    def map_version(self) -> str:
        return self._areas.version

    @property
    def areas(self) -> AreaMap:
        return self._areas

    @property
    def rooms(self) -> Mapping[RoomId, ControlRoom]:
        return self._rooms

    @property
    def default_room(self) -> RoomId:
        return self._default

    def room(self, room_id: str) -> ControlRoom:
        """The room of this id; raises NotFound."""
        try:
            return self._rooms[RoomId(room_id)]
        except KeyError:
            raise NotFound(f"there is no control room {room_id!r} in the register") from None

    def rules_said(self) -> Mapping[str, tuple[str, str]]:
        """By rule what it says to the handler, English and Welsh."""
        return {rule.id: (rule.because, rule.because_cy) for rule in self._policy.rules if rule.because_cy}

    def countries_said(self) -> Mapping[str, str]:
        """Other countries as a decision names them, and their Welsh with its preposition."""
        return {ABROAD[code][1]: one.name_cy for code, one in self._neighbours.items() if code in ABROAD}

    def neighbour(self, code: str) -> Neighbour | None:
        """The emergency route of another country, for ``RoutingDecision.abroad``; it decides nothing."""
        return self._neighbours.get(code)

    def route(self, service: Service, location: CallerLocation | None) -> RoutingDecision:
        """Who answers for ``service`` at ``location``; every question has an answer."""
        return self.decide(service, self.place(location))

    def route_many(
        self, services: Sequence[Service], locations: Sequence[CallerLocation | None]
    ) -> Iterator[tuple[RoutingDecision, ...]]:
        """For each location a decision for each service; the place is worked out once for all of them."""
        for location in locations:
            place = self.place(location)
            yield tuple(self.decide(service, place) for service in services)

    def place(self, location: CallerLocation | None) -> Place:
        return find_place(self._areas, location)

    def setting(self, location: CallerLocation | None) -> tuple[str, str]:
        """``inland | shore | sea | abroad | unknown``, and the country where it is known."""
        place = self.place(location)
        kind = self.decide(Service.COASTGUARD, place).place
        return {"land": "inland", "foreign": "abroad", "none": "unknown"}.get(kind, kind), self._country(
            place
        )

    def district(self, latitude: float, longitude: float) -> str:
        """The code of the area under a point, or an empty text (for look-ups, planners and benches)."""
        easting, northing = to_grid(latitude, longitude)
        home = self._areas.at(easting, northing) if isfinite(easting) and isfinite(northing) else -1
        return self._areas.codes[home] if home >= 0 else ""

    def decide(self, service: Service, place: Place) -> RoutingDecision:
        candidates = self._candidates(service, place)
        kind = self._kind(service, place, candidates)
        situation = Situation(
            service=service,
            place=kind,
            country=self._country(place),
            probability=candidates[0].probability if candidates else 0.0,
            radius_m=place.radius_m,
            has_candidate=bool(candidates),
        )
        rule = self._policy.choose(situation)
        room_id = candidates[0].room_id if rule.action == TO_AREA else RoomId(rule.action)
        odds = {candidate.room_id: candidate.probability for candidate in candidates}
        offers_coastguard = self._offers_coastguard(service, kind, place)
        return RoutingDecision(
            service=service,
            room_id=room_id,
            rule_id=rule.id,
            reason=JOINT.join(
                (
                    self._words(service, kind, place, candidates),
                    rule.because,
                    *self._called_out_by(service, room_id),
                    *self._coastguard_words(kind, offers_coastguard),
                )
            ),
            probability=odds.get(room_id, 0.0),
            candidates=candidates,
            map_version=self._areas.version,
            is_default=room_id == self._default,
            place=kind.value,
            areas=self._areas_within_reach(service, place),
            radius_m=place.radius_m,
            reach_m=REACH_FACTOR * place.radius_m + REACH_M if self._on_the_map(place) else 0.0,
            abroad=self._abroad_code(kind, place),
            offers_coastguard=offers_coastguard,
        )

    def _candidates(self, service: Service, place: Place) -> tuple[Candidate, ...]:
        shares: dict[RoomId, float] = {}
        network = self._networks.get(service)
        if network is not None:
            if self._on_the_map(place):
                shares[network] = 1.0 - sum(place.shares.get(area, 0.0) for area in self._abroad)
        else:
            answers = self._answers[service]
            for area, share in place.shares.items():
                room = answers[area]
                if room is not None:
                    shares[room] = shares.get(room, 0.0) + share
        # P = Co · overlap / area (RFC 7459 §5.5)
        odds = [
            Candidate(room_id=room, probability=_CO * min(max(share, 0.0), 1.0))
            for room, share in shares.items()
        ]
        return tuple(sorted(odds, key=lambda candidate: (-candidate.probability, candidate.room_id)))

    def _areas_within_reach(self, service: Service, place: Place) -> tuple[AreaChance, ...]:
        network, answers = self._networks.get(service), self._answers.get(service, ())
        found = [
            AreaChance(
                code=self._areas.codes[area],
                probability=_CO * min(max(share, 0.0), 1.0),
                room_id=("" if area in self._abroad else network or answers[area]) or "",
            )
            for area, share in place.shares.items()
        ]
        return tuple(sorted(found, key=lambda area: (-area.probability, area.code)))

    def _called_out_by(self, service: Service, room_id: RoomId) -> Iterator[str]:
        if service.through is None or service in self._rooms[room_id].services:
            return
        if service is Service.RAIL_POLICE:
            yield SAYING.en("police_the_railway")
        else:
            spoken = service.word.replace("-", " ")
            yield SAYING.en("called_out", service=spoken, through=service.through.word)

    def _offers_coastguard(self, service: Service, kind: PlaceKind, place: Place) -> bool:
        if service is Service.COASTGUARD or kind in (PlaceKind.NONE, PlaceKind.FOREIGN):
            return False
        return place.reaches_shore

    def _coastguard_words(self, kind: PlaceKind, offers_coastguard: bool) -> Iterator[str]:
        if offers_coastguard:
            yield SAYING.en("coastguard_leads" if kind is PlaceKind.SEA else "offer_coastguard")

    def _abroad_code(self, kind: PlaceKind, place: Place) -> str:
        if kind is not PlaceKind.FOREIGN:
            return ""
        return ELSEWHERE if place.off_the_sheet else self._areas.codes[place.home]

    def _kind(self, service: Service, place: Place, candidates: tuple[Candidate, ...]) -> PlaceKind:
        if place.why_none:
            return PlaceKind.NONE
        if place.off_the_sheet or place.home in self._abroad:
            return PlaceKind.FOREIGN
        if service in self._networks:
            if place.home < 0:
                return PlaceKind.SEA
            return PlaceKind.LAND if place.inland else PlaceKind.SHORE
        if not candidates or not candidates[0].probability:
            return PlaceKind.SEA
        alone = len(candidates) == 1 and place.home >= 0 and not self._abroad.keys() & place.shares
        return PlaceKind.LAND if alone else PlaceKind.BORDER

    def _country(self, place: Place) -> str:
        if place.home < 0:
            return ""
        if place.home in self._abroad:
            return self._abroad[place.home][0]
        code = self._areas.codes[place.home]
        return _COUNTRIES.get(code, _COUNTRIES.get(code[0], ""))

    def _words(
        self, service: Service, kind: PlaceKind, place: Place, candidates: tuple[Candidate, ...]
    ) -> str:
        if kind is PlaceKind.NONE:
            return place.why_none
        if kind is PlaceKind.FOREIGN:
            abroad = self._abroad.get(place.home)
            return SAYING.en("abroad", country=abroad[1]) if abroad else SAYING.en("off_the_map")
        if kind in (PlaceKind.SEA, PlaceKind.SHORE):
            return SAYING.en(kind.value)
        if service in self._networks:
            return SAYING.en("inland")
        circle = {"radius": distance(place.radius_m), "room": self._rooms[candidates[0].room_id].name}
        if kind is PlaceKind.LAND:
            return SAYING.en("land", **circle)
        part = f"{100 * candidates[0].probability / _CO:.0f} %"
        others = len(candidates) - 1
        if not others:
            return SAYING.en("edge", part=part, **circle)
        return SAYING.en("border", part=part, others=others, **circle)

    def _on_the_map(self, place: Place) -> bool:
        return not place.why_none and not place.off_the_sheet
