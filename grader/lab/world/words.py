"""The words of the little world: what there is, and what is true of it."""

from __future__ import annotations


def rows(names: str, table: str) -> list[dict]:
    """A table with one thing a line as a list of dicts; a cell with slashes holds equally likely words."""
    keys = names.split()
    result = []
    for line in table.strip().splitlines():
        cells = line.split()
        if len(cells) != len(keys):
            raise ValueError(f"{line!r} does not have the columns {names}")
        result.append({key: even(cell) for key, cell in zip(keys, cells, strict=True)})
    return result


def even(cell: str):
    words = cell.split("/")
    return words[0] if len(words) == 1 else {word: 1 / len(words) for word in words}


def named(words: str) -> list[dict]:
    """Things of which nothing is known but their names."""
    return [{"name": word} for word in words.split()]


def article(word: str) -> str:
    return "an" if word[0] in "aeiou" and not word.startswith(("uni", "one")) else "a"


def with_article(values: list[dict], feature: str = "name") -> list[dict]:
    return [value | {"a": article(value[feature])} for value in values]


VERBS = dict(
    be="is are", like="likes like", see="sees see", live="lives live", sleep="sleeps sleep", eat="eats eat",
    run="runs run", look="looks look", watch="watches watch", feed="feeds feed", this="this these",
    it="it they", its="its their", them="it them",
)  # fmt: skip


def numbered(values: list[dict]) -> list[dict]:
    """Each value twice, as one and as many; `one` and `many` become its `name`."""
    result = []
    for value in values:
        rest = {key: word for key, word in value.items() if key not in ("one", "many")}
        for number, name in enumerate(("one", "many")):
            forms = {verb: both.split()[number] for verb, both in VERBS.items()}
            result.append({"name": value[name], **rest, **forms})
    return result


WOMEN = named(
    "anna clara emma lena maria nina olga rosa sara julia ida eva helen alice grace "
    "lucy mary laura ruth carol ella diana"
)
MEN = named(
    "ben david felix jonas karl leo max oscar paul simon tom victor peter henry martin "
    "adam frank george hugo jack oliver"
)
HER = dict(she="she", her="her", him="her", girl="girl", mother="mother", herself="herself")
HIS = dict(she="he", her="his", him="him", girl="boy", mother="father", herself="himself")
PEOPLE = [thing | HER for thing in WOMEN] + [thing | HIS for thing in MEN]
FRIENDS = [thing | HER for thing in named("amy beth kate nora zoe vera")] + [
    thing | HIS for thing in named("alex bill carl fred nick sam")
]

TOWNS = named(
    "millbrook fernhill oakvale stonebridge riverton ashford greenfield westport eastwick northgate "
    "southbay bridgeton hillcrest lakeside meadowbrook redcliff silverton woodbury brookhaven kingsport "
    "maplewood springdale thornbury winfield")  # fmt: skip

COUNTRIES = rows("name capital language continent", """
france      paris       french      europe
germany     berlin      german      europe
italy       rome        italian     europe
spain       madrid      spanish     europe
portugal    lisbon      portuguese  europe
greece      athens      greek       europe
poland      warsaw      polish      europe
hungary     budapest    hungarian   europe
sweden      stockholm   swedish     europe
norway      oslo        norwegian   europe
denmark     copenhagen  danish      europe
finland     helsinki    finnish     europe
iceland     reykjavik   icelandic   europe
england     london      english     europe
ireland     dublin      english     europe
austria     vienna      german      europe
romania     bucharest   romanian    europe
bulgaria    sofia       bulgarian   europe
ukraine     kyiv        ukrainian   europe
russia      moscow      russian     europe
turkey      ankara      turkish     asia
japan       tokyo       japanese    asia
china       beijing     chinese     asia
thailand    bangkok     thai        asia
vietnam     hanoi       vietnamese  asia
iran        tehran      persian     asia
iraq        baghdad     arabic      asia
nepal       kathmandu   nepali      asia
egypt       cairo       arabic      africa
kenya       nairobi     swahili     africa
tunisia     tunis       arabic      africa
cuba        havana      spanish     america
peru        lima        spanish     america
chile       santiago    spanish     america
brazil      brasilia    portuguese  america
""")  # fmt: skip

JOBS = with_article(rows("name place does things tool", """
teacher       school      teaches   children     chalk
doctor        hospital    helps     patients     needle
nurse         hospital    washes    patients     towel
baker         bakery      bakes     bread        oven
farmer        farm        grows     corn         tractor
waiter        restaurant  serves    guests       tray
actor         theatre     plays     kings        mask
painter       studio      paints    pictures     brush
sailor        harbour     cleans    boats        rope
driver        station     drives    buses        map
gardener      park        plants    roses        spade
librarian     library     lends     books        stamp
writer        office      writes    stories      pen
singer        opera       sings     songs        microphone
tailor        workshop    sews      coats        thread
builder       site        builds    walls        hammer
carpenter     sawmill     makes     tables       saw
cook          kitchen     cooks     meals        knife
dentist       clinic      pulls     teeth        drill
pilot         airport     flies     planes       radio
vet           zoo         treats    animals      syringe
scientist     university  studies   stars        telescope
mechanic      garage      repairs   cars         wrench
butcher       market      sells     meat         cleaver
engineer      factory     designs   machines     computer
judge         court       hears     witnesses    wig
reporter      newsroom    reads     articles     notebook
photographer  gallery     takes     photographs  camera
guide         museum      shows     paintings    torch
hairdresser   salon       cuts      hair         comb
"""))  # fmt: skip

ANIMALS = numbered(rows("one many food place", """
dog          dogs         bones        yard
cat          cats         mice         house
rabbit       rabbits      carrots      garden
horse        horses       hay          stable
cow          cows         grass        meadow
goat         goats        leaves       meadow
hen          hens         corn         yard
duck         ducks        weeds        pond
swan         swans        weeds        lake
owl          owls         mice         forest
eagle        eagles       snakes       mountains
parrot       parrots      fruit        jungle
penguin      penguins     fish         zoo
sparrow      sparrows     seeds        garden
fox          foxes        hens         forest
wolf         wolves       sheep        forest
bear         bears        honey        forest
squirrel     squirrels    nuts         park
monkey       monkeys      bananas      jungle
tiger        tigers       meat         jungle
lion         lions        meat         desert
camel        camels       thorns       desert
elephant     elephants    leaves       jungle
snake        snakes       frogs        swamp
frog         frogs        flies        swamp
seal         seals        fish         sea
crab         crabs        worms        sand
hedgehog     hedgehogs    worms        garden
butterfly    butterflies  nectar       meadow
"""))  # fmt: skip

KINDS = numbered(rows("one many", """
boy         boys
girl        girls
child       children
woman       women
man         men
neighbour   neighbours
visitor     visitors
guest       guests
student     students
tourist     tourists
"""))  # fmt: skip

DISHES = with_article(rows("name first second taste", """
soup       carrots    onions     salty/hot
salad      tomatoes   cucumbers  fresh/crisp
pie        apples     flour      sweet/hot
cake       eggs       sugar      sweet/soft
omelette   eggs       mushrooms  salty/hot
stew       beef       potatoes   salty/hot
pizza      cheese     tomatoes   hot/crisp
sandwich   ham        bread      fresh/soft
curry      rice       lentils    spicy/hot
pudding    milk       vanilla    sweet/soft
casserole  noodles    cheese     hot/soft
risotto    rice       mushrooms  salty/hot
pancake    flour      milk       sweet/soft
quiche     eggs       cheese     salty/soft
burger     beef       bread      hot/salty
tart       plums      butter     sweet/crisp
"""))  # fmt: skip

WEATHER = rows("adjective falls sky streets thing wear likes noun", """
rainy   rains     grey/dark     wet/empty      umbrellas   boots    frogs     rain
snowy   snows     white/grey    white/quiet    sledges     gloves   children  snow
windy   blows     blue/clear    dry/noisy      kites       hats     sailors   wind
stormy  thunders  black/dark    wet/empty      torches     coats    owls      thunder
foggy   drizzles  grey/white    dark/quiet     lanterns    scarves  thieves   fog
frosty  freezes   blue/clear    icy/white      skates      mittens  skaters   ice
""")  # fmt: skip

VEHICLES = with_article(rows("name place driver moves seat", """
train     station   conductor  rolls    carriage
bus       terminal  driver     rolls    seat
plane     airport   pilot      flies    row
ship      harbour   captain    sails    cabin
ferry     pier      captain    sails    deck
balloon   field     pilot      flies    basket
"""))  # fmt: skip

SPORTS = rows("name place thing verb win", """
football    stadium   ball      kicks    goal
tennis      court     racket    swings   set
basketball  gym       ball      throws   point
hockey      rink      puck      hits     goal
chess       club      queen     moves    game
golf        course    club      swings   hole
volleyball  beach     ball      serves   point
""")  # fmt: skip

OBJECTS = rows("name opens", """
key        chest
wallet     handbag
ring       box
letter     envelope
purse      drawer
ticket     folder
passport   suitcase
glove      cupboard
watch      jar
phone      backpack
""")  # fmt: skip

GOOD = "wonderful/brilliant/great/beautiful/charming/excellent/lovely/perfect/superb/delightful"
BAD = "terrible/awful/boring/dull/dreadful/horrible/poor/weak/silly/disappointing"
OPINIONS = [
    {"adjective": even(GOOD), "opposite": even(BAD), "verb": even("loved/enjoyed/admired"),
     "star": even("four/five"), "feel": even("happy/delighted/cheerful"), "advises": "recommends",
     "face": even("smiled/laughed/clapped"), "judged": "praised"},
    {"adjective": even(BAD), "opposite": even(GOOD), "verb": even("hated/disliked/regretted"),
     "star": even("two/three"), "feel": even("angry/bored/sad"), "advises": "forbids",
     "face": even("yawned/groaned/frowned"), "judged": "blamed"},
]  # fmt: skip
TITLE_ADJECTIVES = named(
    "silent golden secret frozen broken hidden crimson distant endless forgotten burning lonely")  # fmt: skip
TITLE_NOUNS = named(
    "river island mirror tower castle shadow journey promise valley stranger orchard lighthouse")  # fmt: skip
VENUES = with_article(rows("name part people verb", """
hotel       rooms      porters   stayed
restaurant  dishes     waiters   ate
museum      paintings  guides    walked
library     shelves    librarians  read
cafe        drinks     waitresses  drank
spa         pools      nurses    swam
bakery      cakes      bakers    shopped
theatre     seats      ushers    sat
"""))  # fmt: skip

CLASSES = dict(
    day="monday tuesday wednesday thursday friday saturday sunday",
    month="january february march april may june july august september october november december",
    season="spring summer autumn winter",
    age="five six seven eight nine ten eleven twelve thirteen fourteen",
    clock="one two three four five six seven eight nine ten eleven twelve",
    number="two three four five six seven eight nine ten",
    elder="mother father aunt uncle grandmother grandfather",
    family="sister brother uncle aunt cousin grandmother grandfather daughter son",
    tired="tired hungry thirsty cold",
    home="house flat cottage cabin",
    drink="tea coffee milk water juice lemonade cocoa",
    meal="breakfast lunch dinner supper",
    mood="hungry thirsty tired sleepy shy brave lazy curious noisy quiet",
    size="small big old young white black brown grey",
    seen="fountains palaces bridges museums markets",
    sights="towers churches gardens statues temples",
    gift="postcard letter parcel souvenir",
    hobby="chess cards football tennis dominoes",
    instrument="piano violin guitar flute trumpet cello drum harp accordion organ",
    readable="novel poem newspaper diary magazine",
    colour="red blue green yellow orange purple pink white",
    furniture="table bed sofa chair desk",
    shelter="shelf piano armchair curtain door",
    film_part="story ending music acting dialogue plot script",
    film_people="actors actresses singers dancers",
    fruit="apple orange apricot avocado pear banana peach lemon cherry fig",
    insect="bee ant wasp spider beetle",
    landmark="bridge church school river wall gate hill well mill fence",
    job_feeling="hard easy interesting important useful dangerous",
    cheap="cheap expensive",
    weather_next="rainy snowy sunny stormy foggy frosty warm cold",
    flower="roses tulips lilies daisies violets",
    present="bicycle kite puzzle guitar scarf camera doll watch ball drum umbrella album",
    vegetable="carrots onions potatoes beans peas cabbages",
)  # fmt: skip
