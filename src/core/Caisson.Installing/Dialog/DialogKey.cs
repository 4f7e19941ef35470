namespace Caisson.Installing;

public enum KeyKind
{
    Character,
    Enter,
    Escape,
    Up,
    Down,
    Backspace,
}

public readonly record struct DialogKey(KeyKind Kind, char Character = '\0');

public enum Tone
{
    Plain,
    Title,
    Dim,
    Good,
    Warning,
    Bad,
    Chosen,
    Typed,
}

/// <summary>One line on the screen.</summary>
public sealed record DialogLine(string Text, Tone Tone = Tone.Plain);
